-- Ends a round whose last attempt was found not to have taken effect, or is to be repeated by a person's word, and begins
-- the next round.
-- KEYS[1]  the message's record
-- ARGV[1..6]  the caller, see fragments/holder.lua
-- ARGV[7]  the round that ends
-- ARGV[8]  Redis time (ms) before which it is too early, 0 for none
-- ARGV[9]  ms after the recorded deadline during which it is too early as well, 0 for none
-- ARGV[10] Redis time (ms) at which it was seen that the last attempt had not taken effect, '' for now; one to come is now
-- Verdicts {reopened, round} {too-early, notBefore, now} {moved-on, round} {settled, owner, outcome} {other-run, owner, run} {lost}
-- Invariants: one `reopened` per round, however often this is sent; a later round is never ended by a late repeat. A
-- record below the round that ends came back from an older state, and its holder knows better.
-- Transitions: reopen, by the holder from claimed, sending and parked, restoring from all that is not settled
-- @include fragments/holder.lua
local round = tonumber(ARGV[7])
local next_round = string.format('%d', round + 1)

local record = load_record(KEYS[1])
if record.err then return record end
if record.state == 'settled' then return settled_answer(record) end
local as, refusal = standing(record, true)
if not as then return refusal end

if as == 'holder' and record.round > round then
  if record.round == round + 1 and record.state ~= 'parked' then return { 'reopened', next_round } end
  return { 'moved-on', tostring(record.round) }
end
local not_before, within = tonumber(ARGV[8]), tonumber(ARGV[9])
if within > 0 and record.deadline then not_before = math.max(not_before, tonumber(record.deadline) + within) end
local now = now_ms()
if math.min(now, tonumber(ARGV[10]) or now) < not_before then return { 'too-early', ms_text(not_before), ms_text(now) } end

move(KEYS[1], record, as, { 'state', 'claimed', 'round', next_round, 'attempt', '0' }, { 'nonce', 'deadline', 'evidence' })
return { 'reopened', next_round }
