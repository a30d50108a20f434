-- Removes the record of a message that was routed, and claimed by nobody.
-- KEYS[1]  the message's record
-- ARGV[1]  Redis time (ms): one that was made from then on is removed; '' for none
-- ARGV[2]  Redis time (ms): one that was made before then is removed; '' for none
-- Verdicts {removed} {ignored}
-- Invariant: what a run has claimed stays
-- @include fragments/load.lua
local record = load_record(KEYS[1])
if record.err then return record end
local made, from, before = tonumber(record.createdAt or '0'), tonumber(ARGV[1]), tonumber(ARGV[2])
local meant = (from and made >= from) or (before and made < before)
if record.state ~= 'assigned' or not meant then return { 'ignored' } end
redis.call('DEL', KEYS[1])
return { 'removed' }
