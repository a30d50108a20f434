-- @include fragments/time.lua
-- A mark lies beside the records and is lost with them: a hash with the fields epoch, phase ('intact', 'recovering' or 'partial'),
-- run (of the server process, at the latest write), latest (pulse of any process, ms), `p:<process>` (its own pulse, ms),
-- remembersSince (ms), recovery (JSON of the last one) and, while recovering, since (ms, '' for all).
-- A key of another type was overwritten: it shows no epoch, so all counts as lost, and `mark-open` replaces it.
local function load_mark(key)
  local mark = {}
  if redis.call('TYPE', key).ok ~= 'hash' then return mark end
  local flat = redis.call('HGETALL', key)
  for i = 1, #flat, 2 do mark[flat[i]] = flat[i + 1] end
  return mark
end

-- The ID of this server process: another one answers after a restart or a failover. '' where it is not to be had.
local function server_run()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
end
