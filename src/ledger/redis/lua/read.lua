-- Reads a record as it is stored.
-- KEYS[1]  the message's record
-- Answers {} if there is none, {packed} if it is settled, else the fields' names and values in turn
-- Invariant: changes nothing
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return {} end
if kind == 'string' then return { redis.call('GET', KEYS[1]) } end
return redis.call('HGETALL', KEYS[1])
