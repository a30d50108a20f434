-- Removes the record of a message that was routed, and claimed by nobody.
-- KEYS[1]  the message's record
-- ARGV[1]  Redis time (ms): one that was made before is left
-- Verdicts {removed} {ignored}
-- Invariant: what a run has claimed stays
-- @include fragments/load.lua
local record = load_record(KEYS[1])
if record.err then return record end
if record.state ~= 'assigned' or tonumber(record.createdAt or '0') < tonumber(ARGV[1]) then return { 'ignored' } end
redis.call('DEL', KEYS[1])
return { 'removed' }
