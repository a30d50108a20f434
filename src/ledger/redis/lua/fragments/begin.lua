-- @include fragments/holder.lua
-- Begins an attempt at the message of the record `key`; ARGV as in begin.lua, which tells the verdicts.
local function begin(key)
  local round, attempt, nonce = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]

  local record = load_record(key)
  if record.err then return record end
  if record.state == 'settled' then return settled_answer(record) end
  local as, refusal = standing(record, false)
  if not as then return refusal end

  if as == 'holder' then
    local same_pair = round == record.round and attempt == record.attempt
    if record.state == 'sending' and same_pair and nonce == record.nonce then
      return { 'go', record.deadline, ms_text(now_ms()) }
    end
    local above = round > record.round or (round == record.round and attempt > record.attempt)
    if not above then return { 'late', tostring(record.round), tostring(record.attempt) } end
    if record.state == 'parked' then return { 'parked', tostring(record.round) } end
    local covered = round == record.round and tonumber(ARGV[10]) >= record.attempt
    if record.state == 'sending' and not covered then
      return { 'uncovered', tostring(record.round), tostring(record.attempt) }
    end
  end

  local now = now_ms()
  local deadline = ms_text(now + tonumber(ARGV[11]))
  move(key, record, as, {
    'state', 'sending', 'round', ARGV[7], 'attempt', ARGV[8], 'nonce', nonce, 'deadline', deadline,
  }, {})
  return { 'go', deadline, ms_text(now) }
end
