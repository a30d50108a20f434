-- Keeps what a process tells of itself, at Redis time now.
-- KEYS[1]  what the processes of a side have told, a hash by process
-- ARGV[1]  the process, ARGV[2] what it tells, ARGV[3] how long it is kept after the process's last word (ms)
-- ARGV[4]  how long all of it is kept where nobody tells anything any more (ms)
-- Answers {}
-- Invariant: only what another process has not renewed for ARGV[3] is removed, or what cannot be dated
-- @include fragments/time.lua
local now = now_ms()
redis.call('HSET', KEYS[1], ARGV[1], ms_text(now) .. ' ' .. ARGV[2])
if redis.call('HLEN', KEYS[1]) > 1 then
  local told = redis.call('HGETALL', KEYS[1])
  for i = 1, #told, 2 do
    local at = tonumber(string.match(told[i + 1], '^(%d+) '))
    if at == nil or now - at > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], told[i]) end
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {}
