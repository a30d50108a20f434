-- The attempt was surely not executed: nothing of it is on the wire.
-- KEYS[1]  the message's record
-- ARGV[1..6]  the caller, see fragments/holder.lua; it cannot restore by this
-- ARGV[7]  round, ARGV[8] attempt, ARGV[9] nonce of the `begin`
-- Verdicts {recorded} {moved-on} {settled, owner, outcome} {other-run, owner, run} {lost}
-- Invariants: only the execution that began the attempt can clear it; the pair (round, attempt) stays used up.
-- Transition: clear, by the holder from sending
-- @include fragments/holder.lua
local record = load_record(KEYS[1])
if record.err then return record end
if record.state == 'settled' then return settled_answer(record) end
if record.state == 'none' or record.state == 'assigned' then return { 'lost' } end
if record.run ~= caller.run then return other_run_answer(record) end

local mine = record.round == tonumber(ARGV[7]) and record.attempt == tonumber(ARGV[8]) and record.nonce == ARGV[9]
if mine and record.state == 'claimed' then return { 'recorded' } end
if not mine or record.state ~= 'sending' then return { 'moved-on' } end
move(KEYS[1], record, 'holder', { 'state', 'claimed' }, { 'deadline' })
return { 'recorded' }
