-- Written before the provider is called: a request may be on the wire from here on.
-- KEYS[1]  the message's record
-- ARGV[1..6]  the caller, see fragments/holder.lua
-- ARGV[7]  round, ARGV[8] attempt, both from 1
-- ARGV[9]  nonce, drawn once per execution of the activity
-- ARGV[10] the last attempt of this round that is proved to have ended unexecuted, 0 for none
-- ARGV[11] how long the attempt may last, ms
-- Verdicts {go, deadline, now} {settled, owner, outcome} {late, round, attempt} {uncovered, round, attempt}
--          {parked, round} {other-run, owner, run} {lost}
-- Invariants: only `go` allows the call. One nonce gets one `go`, with one deadline, however often this is sent; a second
-- execution never passes for the first. No pair (round, attempt) gets a second `go`. Nothing replaces another run's record.
-- Transitions: begin, by the holder from claimed and sending, restoring from none and assigned
-- @include fragments/holder.lua
local round, attempt, nonce = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]

local record = load_record(KEYS[1])
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
move(KEYS[1], record, as, {
  'state', 'sending', 'round', ARGV[7], 'attempt', ARGV[8], 'nonce', nonce, 'deadline', deadline,
}, {})
return { 'go', deadline, ms_text(now) }
