-- Reads a record's state only.
-- KEYS[1]  the message's record
-- Answers {state, '1' if it is stranded, else '0'}; state is none where there is no record
-- Invariant: changes nothing
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return { 'none', '0' } end
if kind == 'string' then return { 'settled', '0' } end
local fields = redis.call('HMGET', KEYS[1], 'state', 'stranded')
return { fields[1] or '', fields[2] and '1' or '0' }
