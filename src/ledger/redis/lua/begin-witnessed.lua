-- Begins an attempt of which an earlier execution may have left no trace but in this ledger.
-- KEYS[1]  the message's record
-- KEYS[2]  the mark; on a single Redis only, as the two lie in different slots
-- ARGV[1..11]  as of begin.lua
-- ARGV[12] epoch, ARGV[13] run ID of the server: how the ledger was before the first attempt
-- Verdicts those of begin.lua, and {forgotten}
-- Invariant: `go` only if the ledger has lost nothing since then, asked in the same step that writes `sending`.
-- Transitions: those of begin.lua
-- @include fragments/begin.lua
-- @include fragments/mark.lua
local epoch = redis.call('HGET', KEYS[2], 'epoch')
if epoch ~= ARGV[12] or server_run() ~= ARGV[13] then return { 'forgotten' } end
return begin(KEYS[1])
