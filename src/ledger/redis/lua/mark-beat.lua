-- Reads a mark, and puts a process's pulse on it if it shows what that process trusts.
-- KEYS[1]  the mark
-- ARGV[1]  process
-- ARGV[2]  epoch that it trusts, '' for none
-- ARGV[3]  its last acknowledged pulse in that epoch, '' for none
-- ARGV[4]  ms after which the pulse of a process that is gone is dropped
-- Answers {epoch, phase, '1' if the server is the same, pulse found, latest found, remembersSince, pulse put, server}, '' for
-- none; server is the run ID of the process that answers
-- Invariants: a mark that shows a loss is left as it was found, for every process to see. Pulses grow.
-- @include fragments/mark.lua
local mark, run, own = load_mark(KEYS[1]), server_run(), 'p:' .. ARGV[1]
local found = mark[own]
local same_server = mark.run == run
local kept = ARGV[3] == '' or (found and tonumber(found) >= tonumber(ARGV[3]))
local pulse = ''
if mark.epoch and mark.epoch == ARGV[2] and (mark.phase == 'intact' or mark.phase == 'partial') and same_server and kept then
  local now = now_ms()
  pulse = ms_text(math.max(now, tonumber(found or '0') + 1))
  for field, value in pairs(mark) do
    local gone = string.sub(field, 1, 2) == 'p:' and tonumber(value) < now - tonumber(ARGV[4])
    if gone then redis.call('HDEL', KEYS[1], field) end
  end
  redis.call('HSET', KEYS[1], own, pulse, 'latest', pulse)
end
return {
  mark.epoch or '', mark.phase or '', same_server and '1' or '0', found or '', mark.latest or '',
  mark.remembersSince or '0', pulse, run,
}
