-- A new run takes over a message whose run closed before it was settled.
-- KEYS[1]  the message's record
-- ARGV[1..6]  the caller, see fragments/holder.lua; it restores a lost record only, any other it takes by ARGV[7]
-- ARGV[7]  the run that Temporal shows closed
-- Verdicts {resumed, owner, round, clean|unknown} {not-claimed} {settled, owner, outcome} {other-run, owner, run} {lost}
-- Invariants: `clean` only if no attempt ever followed the claim; whatever else the closed run did counts as unknown. The
-- certainty is kept, so that a repeat is answered the same although the record has moved by then.
-- Transitions: resume, from claimed, sending and parked, restoring from none
-- @include fragments/holder.lua
local record = load_record(KEYS[1])
if record.err then return record end
if record.state == 'settled' then return settled_answer(record) end
if record.state == 'none' then
  if not caller.restore then return { 'lost' } end
  move(KEYS[1], record, 'restoring', {
    'state', 'parked', 'round', '0', 'attempt', '0', 'resumed', 'unknown',
  }, {})
  return { 'resumed', caller.owner, '0', 'unknown' }
end
if record.state == 'assigned' then return { 'not-claimed' } end

local clean = record.state == 'claimed' and record.round == 0 and record.attempt == 0
local certainty = clean and 'clean' or 'unknown'
if record.run == caller.run then
  return { 'resumed', record.owner, tostring(record.round), record.resumed or certainty }
end
if record.run ~= ARGV[7] then return other_run_answer(record) end

move(KEYS[1], record, 'resuming', {
  'state', clean and 'claimed' or 'parked', 'run', caller.run, 'resumed', certainty,
}, { 'nonce' })
return { 'resumed', record.owner, tostring(record.round), certainty }
