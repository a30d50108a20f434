-- @include fragments/settled.lua
local UNSETTLED = { assigned = true, claimed = true, sending = true, parked = true }

local function unreadable()
  return redis.error_reply('UNREADABLE this key does not hold a record of the ledger')
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
  if not UNSETTLED[record.state] then return unreadable() end
  record.round = tonumber(record.round or '0')
  record.attempt = tonumber(record.attempt or '0')
  return record
end
