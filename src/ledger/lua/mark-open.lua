-- Begins a recovery on a mark: from here on every process holds.
-- KEYS[1]  the mark
-- ARGV[1]  the new epoch
-- ARGV[2]  what was written before it (Redis time, ms) is still there; '' if nothing may be
-- ARGV[3]  remembersSince, ms
-- Answers {since, now}; since is '' for all
-- Invariants: a mark without an epoch means that all is lost, whatever the caller thought. A recovery that is begun again,
-- or while another is not complete, goes back at least as far as that.
-- @include fragments/mark.lua
local mark, now = load_mark(KEYS[1]), now_ms()
local since = ARGV[2]
if not mark.epoch then
  since = ''
elseif mark.phase ~= 'intact' then
  local earlier = mark.since or ''
  if earlier == '' or since == '' then since = '' else since = ms_text(math.min(tonumber(earlier), tonumber(since))) end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'phase', 'recovering', 'run', server_run(), 'since', since,
  'remembersSince', ARGV[3], 'recovery', mark.recovery or '')
return { since, ms_text(now) }
