-- Reads a record's state only.
-- KEYS[1]  the message's record
-- Answers {state, '1' if it is stranded, else '0', seen}; state is none where there is no record and unreadable where the key
-- holds something else, and seen is kept by unsettled records only, as route writes it
-- Invariant: changes nothing
-- @include fragments/load.lua
local record = load_record(KEYS[1])
if record.err then return { 'unreadable', '0', '0' } end
if record.state == 'none' or record.state == 'settled' then return { record.state, '0', '0' } end
return { record.state, record.stranded and '1' or '0', record.seen }
