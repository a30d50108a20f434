-- The other side takes over a message that its owner has not claimed: a compare-and-set on `assigned`.
-- KEYS[1]  the message's record
-- ARGV[1..6]  the caller, see fragments/holder.lua; ARGV[3] and [4] are the owner and reason of the first decision
-- ARGV[7]  the side that adopts
-- ARGV[8]  packed reason to record
-- Verdicts {claimed, owner, reason, round} {other-run, owner, run} {settled, owner, outcome} {lost}
-- Invariants: as claim. The version of the policy that decided at first sight stays.
-- Transitions: adopt, by anyone from assigned, restoring from none
-- @include fragments/take.lua
return take(KEYS[1], ARGV[7], ARGV[8])
