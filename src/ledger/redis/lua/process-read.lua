-- Reads what the processes of a side have told of themselves.
-- KEYS[1]  what they have told, a hash by process
-- Answers {Redis time now, process, when and what it told, process, ...}
-- Invariant: writes nothing
-- @include fragments/time.lua
local answer = redis.call('HGETALL', KEYS[1])
table.insert(answer, 1, ms_text(now_ms()))
return answer
