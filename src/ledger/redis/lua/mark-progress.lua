-- Notes on a mark how far the recovery has come, for people to see.
-- KEYS[1]  the mark
-- ARGV[1]  the epoch of the recovery
-- ARGV[2]  the progress, JSON
-- Answers {}
-- Invariant: only while that recovery is under way
-- @include fragments/mark.lua
local mark = load_mark(KEYS[1])
if mark.epoch == ARGV[1] and mark.phase == 'partial' then redis.call('HSET', KEYS[1], 'progress', ARGV[2]) end
return {}
