-- @include fragments/holder.lua
-- Takes the message for `side`. `adopted_reason` is the reason to record where the other side owns it; without one, a
-- message of the other side's is not taken.
local function take(key, side, adopted_reason)
  local record = load_record(key)
  if record.err then return record end
  if record.state == 'settled' then return settled_answer(record) end
  local none, assigned = record.state == 'none', record.state == 'assigned'
  if not none and not assigned then
    if record.run ~= caller.run then return other_run_answer(record) end
    redis.call('HDEL', key, 'stranded')
    return { 'claimed', record.owner, record.reason, tostring(record.round) }
  end
  if none and not caller.restore then return { 'lost' } end

  local owner = none and caller.owner or record.owner
  local reason = none and caller.reason or record.reason
  if owner ~= side then
    if not adopted_reason then return { 'not-owner', owner, reason, record.seen or '0' } end
    owner, reason = side, adopted_reason
  end
  local fields = {
    'state', 'claimed', 'owner', owner, 'reason', reason, 'run', caller.run, 'round', '0', 'attempt', '0',
  }
  if none then
    for _, text in ipairs({ 'policyVersion', caller.policy_version, 'fingerprint', caller.fingerprint }) do
      fields[#fields + 1] = text
    end
  end
  move(key, record, 'taker', fields, {})
  return { 'claimed', owner, reason, '0' }
end
