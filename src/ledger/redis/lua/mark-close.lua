-- Ends a recovery, or the part of it in which nothing may rely on the ledger, on a mark.
-- KEYS[1]  the mark
-- ARGV[1]  the epoch of the recovery
-- ARGV[2]  'partial': what is open is known again, and processes go on with that; 'intact': it has ended
-- ARGV[3]  remembersSince, ms
-- ARGV[4]  the recovery, JSON; '' for none to show
-- Verdicts {closed} {lost}
-- Invariants: `closed` only if nothing was lost since it was opened: the mark is there, and the same server answers. What is
-- intact stays so.
-- @include fragments/mark.lua
local mark, run = load_mark(KEYS[1]), server_run()
if mark.epoch ~= ARGV[1] or mark.run ~= run then return { 'lost' } end
if ARGV[2] == 'partial' and mark.phase == 'recovering' then
  redis.call('HSET', KEYS[1], 'phase', 'partial', 'latest', ms_text(now_ms()))
elseif ARGV[2] == 'intact' and mark.phase ~= 'intact' then
  local remembers_since = math.max(tonumber(ARGV[3]), tonumber(mark.remembersSince or '0') or 0)
  redis.call('HDEL', KEYS[1], 'since', 'progress')
  redis.call('HSET', KEYS[1], 'phase', 'intact', 'latest', ms_text(now_ms()),
    'remembersSince', ms_text(remembers_since), 'recovery', ARGV[4])
end
return { 'closed' }
