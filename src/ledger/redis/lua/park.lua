-- Holds a message whose outcome is unknown, or whose retries are exhausted.
-- KEYS[1]  the message's record
-- ARGV[1..6]  the caller, see fragments/holder.lua
-- ARGV[7]  round, ARGV[8] attempt
-- ARGV[9]  evidence, JSON
-- Verdicts {recorded} {moved-on} {settled, owner, outcome} {other-run, owner, run} {lost}
-- Invariants: the holder's pair (round, attempt) never goes down. A deadline that is recorded stays, as what was sent
-- until then may still take effect.
-- Transitions: park, by the holder from claimed, sending and parked, restoring from all that is not settled
-- @include fragments/holder.lua
local round, attempt = tonumber(ARGV[7]), tonumber(ARGV[8])

local record = load_record(KEYS[1])
if record.err then return record end
if record.state == 'settled' then return settled_answer(record) end
local as, refusal = standing(record, true)
if not as then return refusal end

if as == 'holder' then
  local below = round < record.round or (round == record.round and attempt < record.attempt)
  if below then return { 'moved-on' } end
  local same = round == record.round and attempt == record.attempt and record.evidence == ARGV[9]
  if record.state == 'parked' and same and not record.stranded then return { 'recorded' } end
end
move(KEYS[1], record, as, { 'state', 'parked', 'round', ARGV[7], 'attempt', ARGV[8], 'evidence', ARGV[9] }, { 'nonce' })
return { 'recorded' }
