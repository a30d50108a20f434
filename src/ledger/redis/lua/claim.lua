-- The owner's workflow run takes the message; from here no other side can have it.
-- KEYS[1]  the message's record
-- ARGV[1..6]  the caller, see fragments/holder.lua; ARGV[3] and [4] are the owner and reason of the first decision
-- ARGV[7]  the side to claim for
-- Verdicts {claimed, owner, reason, round} {not-owner, owner, reason, seen} {other-run, owner, run} {settled, owner, outcome} {lost}
-- Invariants: one run holds a message; a repeat by that run changes nothing and is answered the same.
-- Transitions: claim, by anyone from assigned, restoring from none
-- @include fragments/take.lua
return take(KEYS[1], ARGV[7], nil)
