-- Reads a record's state only.
-- KEYS[1]  the message's record
-- Answers {state, '1' if it is stranded, else '0', seen}; state is none where there is no record, and seen is kept by unsettled
-- records only, as route writes it
-- Invariant: changes nothing
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return { 'none', '0', '0' } end
if kind == 'string' then return { 'settled', '0', '0' } end
local fields = redis.call('HMGET', KEYS[1], 'state', 'stranded', 'seen')
return { fields[1] or '', fields[2] and '1' or '0', fields[3] or '0' }
