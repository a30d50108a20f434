-- Reads the consumers' copy of the policy together with the time at which it was so.
-- KEYS[1]  the copy
-- Answers {now, 'missing'}, {now, 'unreadable'} or {now, 'stored', JSON}
-- Invariant: changes nothing
-- @include fragments/time.lua
local now = ms_text(now_ms())
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return { now, 'missing' } end
if kind ~= 'string' then return { now, 'unreadable' } end
return { now, 'stored', redis.call('GET', KEYS[1]) }
