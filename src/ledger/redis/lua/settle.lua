-- Records the final outcome, packed small.
-- KEYS[1]  the message's record
-- ARGV[1..6]  the caller, see fragments/holder.lua
-- ARGV[7]  round, ARGV[8] attempt
-- ARGV[9]  outcome: granted, refused or abandoned
-- ARGV[10] lifetime of the settled record, ms
-- Verdicts {recorded} {settled, owner, outcome} {other-run, owner, run} {lost}
-- Invariants: a final outcome is never changed and its lifetime never renewed; a settled record always expires.
-- Transitions: settle, by the holder from claimed, sending and parked, restoring from all
-- @include fragments/holder.lua
local record = load_record(KEYS[1])
if record.err then return record end
if record.state == 'settled' then
  if record.outcome == ARGV[9] and record.run == raw_run(caller.run) then return { 'recorded' } end
  return settled_answer(record)
end
local as, refusal = standing(record, true)
if not as then return refusal end

local owner, reason, version, fingerprint = record.owner, record.reason, record.policyVersion, record.fingerprint
if as == 'restoring' then
  owner, reason, version, fingerprint = caller.owner, caller.reason, caller.policy_version, caller.fingerprint
end
local packed = pack_settled(ARGV[9], owner, record.seen or '0', fingerprint, caller.run, version, ARGV[7], ARGV[8], reason)
-- SET replaces the hash.
redis.call('SET', KEYS[1], packed, 'PX', ARGV[10])
return { 'recorded' }
