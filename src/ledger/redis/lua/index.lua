-- Enters messages into a shard of the age index, at Redis time now.
-- KEYS[1]  the shard, a sorted set by time
-- ARGV[1]  NX: those that are in it keep their age; XX: only those that are in it, which go behind the others
-- ARGV[2..]  message IDs
-- Answers {}
-- Invariant: entering twice does not make a message younger
-- @include fragments/time.lua
local now = ms_text(now_ms())
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], ARGV[1], now, ARGV[i]) end
return {}
