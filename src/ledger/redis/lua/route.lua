-- Decides the owner of a message that nobody has decided yet, and marks that a side has seen it. What is only assigned is
-- no longer stranded, as it has a delivery again.
-- KEYS[1]  the message's record
-- ARGV[1]  the delivering side
-- ARGV[2]  fingerprint of the payload, 16 hex digits
-- ARGV[3]  owner by the policy, ARGV[4] its packed reason, ARGV[5] its version: used only where there is no record
-- ARGV[6]  Redis time (ms) until which 3 to 5 may be recorded
-- ARGV[7]  ms without a move after which Temporal is to be asked
-- ARGV[8]  '1' if the delivery is older than the ledger's memory
-- ARGV[9]  '1' if it was published before the start, and is not this side's to bring
-- ARGV[10] where this side's copy lies, '' for unknown: kept while nobody has claimed the message, the latest copy's
-- ARGV[11] '1' if the ledger is partial, and Temporal does not surely witness the delivery's message: then neither no record nor
--          one that is only assigned, maybe by a delivery of since the loss, says that it was not rewarded
-- Verdicts {process|wait, owner, reason, policyVersion} {done, owner, reason, outcome or ''} {check, owner, reason, run}
--          {id-reused} {too-old} {before-start} {unproved} {stale-policy}
-- Invariants: an owner that is recorded stays, whatever the policy says now. Another payload changes nothing.
-- Transition: route
-- @include fragments/time.lua
-- @include fragments/load.lua
local side, fingerprint = ARGV[1], ARGV[2]
local SIDE_BITS = { kafka = 1, rocketmq = 2 }

local function with_side(seen)
  return tostring(bit.bor(tonumber(seen), SIDE_BITS[side]))
end

-- Where a copy that is acknowledged although the message is only assigned lies is no sign that it is lost: it was left to
-- the other side's copy on purpose.
local function place_for(owner)
  return (ARGV[9] == '1' and owner ~= side) and 'left' or ARGV[10]
end

local function verdict_for(owner, reason, policy_version)
  return { owner == side and 'process' or 'wait', owner, reason, policy_version }
end

local record = load_record(KEYS[1])
if record.err then return record end

if record.state == 'none' then
  local now = now_ms()
  if now > tonumber(ARGV[6]) then return { 'stale-policy' } end
  if ARGV[9] == '1' then return { 'before-start' } end
  if ARGV[11] == '1' then return { 'unproved' } end
  if ARGV[8] == '1' then return { 'too-old' } end
  redis.call('HSET', KEYS[1], 'state', 'assigned', 'owner', ARGV[3], 'reason', ARGV[4], 'policyVersion', ARGV[5],
    'fingerprint', fingerprint, 'seen', with_side('0'), 'createdAt', ms_text(now), 'movedAt', ms_text(now))
  if ARGV[10] ~= '' then redis.call('HSET', KEYS[1], side .. 'At', ARGV[10]) end
  return verdict_for(ARGV[3], ARGV[4], ARGV[5])
end

if record.state == 'assigned' and ARGV[11] == '1' then return { 'unproved' } end

local seen = with_side(record.seen)
if record.state == 'settled' then
  if record.fingerprint ~= raw_bytes(fingerprint) then return { 'id-reused' } end
  if seen ~= record.seen then
    redis.call('SET', KEYS[1], with_seen(redis.call('GET', KEYS[1]), record, seen), 'KEEPTTL')
  end
  return { 'done', record.owner, record.reason, record.outcome }
end

if record.fingerprint ~= fingerprint then return { 'id-reused' } end
if seen ~= record.seen then redis.call('HSET', KEYS[1], 'seen', seen) end
if record.state == 'assigned' and ARGV[10] ~= '' and record[side .. 'At'] ~= place_for(record.owner) then
  redis.call('HSET', KEYS[1], side .. 'At', place_for(record.owner))
end
-- Its side has it in hand again: whether anybody works on it will be found anew.
if record.state == 'assigned' and record.stranded then redis.call('HDEL', KEYS[1], 'stranded') end
if record.state == 'assigned' then return verdict_for(record.owner, record.reason, record.policyVersion) end
if now_ms() - tonumber(record.movedAt) <= tonumber(ARGV[7]) then return { 'done', record.owner, record.reason, '' } end
return { 'check', record.owner, record.reason, record.run }
