-- Notes that nobody works on a message although it is not settled. The next step takes the note away.
-- KEYS[1]  the message's record
-- ARGV[1]  the run that Temporal shows closed or does not know
-- ARGV[2]  why
-- Verdicts {stranded} {ignored}
-- Invariants: a record that another run holds, or that is settled, is not touched. One that nobody has claimed is
-- stranded whatever the run, as its workflow closed before it could claim.
-- Transition: none, the state stays
-- @include fragments/load.lua
local record = load_record(KEYS[1])
if record.err then return record end
local mine = record.state == 'assigned' or (record.run == ARGV[1] and record.state ~= 'settled')
if not mine then return { 'ignored' } end
redis.call('HSET', KEYS[1], 'stranded', ARGV[2])
return { 'stranded' }
