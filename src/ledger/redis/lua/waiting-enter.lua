-- Enters a message among those that wait for their owner, if there is room.
-- KEYS[1]  the waiting messages of that owner, a set
-- ARGV[1]  message ID, ARGV[2] how many there may be
-- Verdicts {entered, how many there are} {full, how many there are}
-- Invariants: one that is in it stays, and is counted once; nothing is entered beyond the room
local waiting = redis.call('SCARD', KEYS[1])
if redis.call('SISMEMBER', KEYS[1], ARGV[1]) == 1 then return { 'entered', tostring(waiting) } end
if waiting >= tonumber(ARGV[2]) then return { 'full', tostring(waiting) } end
redis.call('SADD', KEYS[1], ARGV[1])
return { 'entered', tostring(waiting + 1) }
