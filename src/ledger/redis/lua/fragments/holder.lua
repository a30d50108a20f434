-- @include fragments/time.lua
-- @include fragments/load.lua
-- Who takes the step. ARGV[1] run (see Holder in ledger.ts), ARGV[2] '1' to restore a lost or older record, ARGV[3] owner,
-- ARGV[4] packed reason, ARGV[5] policy version, ARGV[6] fingerprint: 3 to 6 are written only where a record is restored.
local caller = {
  run = ARGV[1], restore = ARGV[2] == '1',
  owner = ARGV[3], reason = ARGV[4], policy_version = ARGV[5], fingerprint = ARGV[6],
}

local function settled_answer(record)
  return { 'settled', record.owner, record.outcome }
end

local function other_run_answer(record)
  return { 'other-run', record.owner, record.run }
end

-- What the caller is to an unsettled record: 'holder', 'restoring', or nil and the refusal to answer.
-- A run that restores may replace another run's record only in steps that record facts and permit no call.
local function standing(record, may_replace_run)
  if record.state == 'none' or record.state == 'assigned' then
    if caller.restore then return 'restoring' end
    return nil, { 'lost' }
  end
  if record.run == caller.run then return 'holder' end
  if caller.restore and may_replace_run then return 'restoring' end
  return nil, other_run_answer(record)
end

-- Writes `fields` (names and values in turn) and removes the fields named in `gone`. Whoever takes a step works on the
-- message, so it is not stranded, and a run that takes over does not inherit how an earlier one did.
local function move(key, record, as, fields, gone)
  local now = ms_text(now_ms())
  if as == 'restoring' then
    for _, text in ipairs({
      'owner', caller.owner, 'reason', caller.reason, 'policyVersion', caller.policy_version,
      'fingerprint', caller.fingerprint, 'run', caller.run,
    }) do fields[#fields + 1] = text end
  end
  if record.state == 'none' then
    for _, text in ipairs({ 'seen', '0', 'createdAt', now }) do fields[#fields + 1] = text end
  end
  if record.run ~= caller.run then gone[#gone + 1] = 'resumed' end
  redis.call('HDEL', key, 'stranded', unpack(gone))
  redis.call('HSET', key, 'movedAt', now, unpack(fields))
end
