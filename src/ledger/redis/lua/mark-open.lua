-- Begins a recovery on a mark: from here on every process holds.
-- KEYS[1]  the mark
-- ARGV[1]  the new epoch
-- ARGV[2]  what was written before it (Redis time, ms) is still there; '' if nothing may be
-- ARGV[3]  remembersSince, ms
-- Answers {since, now, known}; since is '' for all; known is '1' if an earlier epoch was there, so that this is not the first one
-- Invariants: a mark without an epoch means that all is lost, whatever the caller thought. A recovery that is begun again,
-- or while another is not complete, goes back at least as far as that. How far back the ledger remembers never gets further, whoever
-- has forgotten it: a cutover workflow that was ended begins with nothing.
-- @include fragments/mark.lua
local mark, now = load_mark(KEYS[1]), now_ms()
local since = ARGV[2]
if not mark.epoch then
  since = ''
elseif mark.phase ~= 'intact' then
  local earlier = mark.since or ''
  if earlier == '' or since == '' then since = '' else since = ms_text(math.min(tonumber(earlier), tonumber(since))) end
end
local known = mark.known or ''
if mark.epoch and mark.epoch ~= ARGV[1] then known = '1' end
local remembers_since = math.max(tonumber(ARGV[3]), tonumber(mark.remembersSince or '0') or 0)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'phase', 'recovering', 'run', server_run(), 'since', since,
  'remembersSince', ms_text(remembers_since), 'recovery', mark.recovery or '', 'known', known)
return { since, ms_text(now), known }
