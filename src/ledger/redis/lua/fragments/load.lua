-- @include fragments/settled.lua
local UNSETTLED = { assigned = true, claimed = true, sending = true, parked = true }

local function unreadable()
  return redis.error_reply('UNREADABLE this key does not hold a record of the ledger')
end

-- Whether a hash has all that the scripts reckon with: a step over half a record would fail in the middle of its script, which
-- looks like a fault of Redis and not like one of this record.
local function is_whole(record)
  local known = record.owner == 'kafka' or record.owner == 'rocketmq'
  local counted = string.find(record.movedAt or '', '^%d+$') and string.find(record.policyVersion or '', '^%d+$')
    and string.find(record.round or '0', '^%d+$') and string.find(record.attempt or '0', '^%d+$')
  local held = record.state == 'assigned' or (record.run or '') ~= ''
  local sent = record.state ~= 'sending' or string.find(record.deadline or '', '^%d+$')
  return known and counted and held and sent and string.find(record.seen or '', '^[0-3]$')
    and string.find(record.fingerprint or '', '^%x+$') and (record.reason or '') ~= ''
end

-- The record at `key`: its fields, { state = 'none' }, or an error reply (it has `err`) for contents that are not ours.
local function load_record(key)
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return { state = 'none' } end
  if kind == 'string' then return unpack_settled(redis.call('GET', key)) or unreadable() end
  if kind ~= 'hash' then return unreadable() end
  local record = {}
  local flat = redis.call('HGETALL', key)
  for i = 1, #flat, 2 do record[flat[i]] = flat[i + 1] end
  if not UNSETTLED[record.state] or not is_whole(record) then return unreadable() end
  record.round = tonumber(record.round or '0')
  record.attempt = tonumber(record.attempt or '0')
  return record
end
