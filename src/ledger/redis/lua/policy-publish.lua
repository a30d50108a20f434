-- Publishes a version of the policy to the consumers: a compare-and-set on the version.
-- KEYS[1]  the copy, KEYS[2] the audit stream, KEYS[3] the channel; all in one slot
-- ARGV[1]  version, ARGV[2] the policy as JSON
-- ARGV[3]  the version as an entry of the audit stream, JSON
-- ARGV[4]  how many entries the audit stream keeps, about
-- ARGV[5]  a text that is no policy, and is to be replaced if it is the copy, whatever version it shows; '' for none
-- Verdicts {published} {already} {older, JSON of the copy}
-- Invariants: the version in the copy never goes down. A copy that shows no version is replaced. Each change of the copy
-- is in the audit stream.
local function stored_version()
  local kind = redis.call('TYPE', KEYS[1]).ok
  if kind ~= 'string' then return 0, nil end
  local json = redis.call('GET', KEYS[1])
  local parsed, policy = pcall(cjson.decode, json)
  if not parsed or type(policy) ~= 'table' or type(policy.version) ~= 'number' then return 0, json end
  return policy.version, json
end

local version = tonumber(ARGV[1])
local stored, json = stored_version()
if stored > version and json ~= ARGV[5] then return { 'older', json } end
if json == ARGV[2] then return { 'already' } end
-- SET replaces a key of any type.
redis.call('SET', KEYS[1], ARGV[2])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'kind', 'policy', 'entry', ARGV[3])
redis.call('PUBLISH', KEYS[3], ARGV[1])
return { 'published' }
