-- Ends the recovery on a mark: processes may go on.
-- KEYS[1]  the mark
-- ARGV[1]  the epoch of the recovery
-- ARGV[2]  remembersSince, ms
-- ARGV[3]  the recovery, JSON; '' for none to show
-- Verdicts {closed} {lost}
-- Invariant: `closed` only if nothing was lost since it was opened: the mark is there, and the same server answers.
-- @include fragments/mark.lua
local mark, run = load_mark(KEYS[1]), server_run()
if mark.epoch ~= ARGV[1] or mark.run ~= run then return { 'lost' } end
if mark.phase == 'recovering' then
  redis.call('HDEL', KEYS[1], 'since')
  redis.call('HSET', KEYS[1], 'phase', 'intact', 'latest', ms_text(now_ms()), 'remembersSince', ARGV[2], 'recovery', ARGV[3])
end
return { 'closed' }
