-- A settled record, packed small, as it outlives the message by weeks. Decoded by record-codec.ts too. From byte 0:
-- layout version '1', outcome g/r/a, owner k/r, seen '0'..'3', 8 raw bytes of fingerprint, 16 raw bytes of run,
-- then the text `policyVersion|round|attempt|reason`.
local OUTCOMES = { g = 'granted', r = 'refused', a = 'abandoned' }
local OWNERS = { k = 'kafka', r = 'rocketmq' }
local SEEN_OFFSET = 3

local function raw_bytes(hex)
  return (string.gsub(hex, '%x%x', function(pair) return string.char(tonumber(pair, 16)) end))
end

local function raw_run(run)
  return raw_bytes((string.gsub(run, '-', '')))
end

-- The layout's letters are the words' first ones.
local function pack_settled(outcome, owner, seen, fingerprint, run, policy_version, round, attempt, reason)
  return '1' .. string.sub(outcome, 1, 1) .. string.sub(owner, 1, 1) .. seen
    .. raw_bytes(fingerprint) .. raw_run(run)
    .. policy_version .. '|' .. round .. '|' .. attempt .. '|' .. reason
end

-- nil for anything that is not such a record. `fingerprint` and `run` stay raw bytes.
local function unpack_settled(packed)
  local reason = string.match(string.sub(packed, 29), '^%d+|%d+|%d+|(.*)$')
  local outcome = OUTCOMES[string.sub(packed, 2, 2)]
  local owner = OWNERS[string.sub(packed, 3, 3)]
  if string.sub(packed, 1, 1) ~= '1' or not outcome or not owner or not reason then return nil end
  return {
    state = 'settled', outcome = outcome, owner = owner, reason = reason,
    seen = string.sub(packed, 4, 4), fingerprint = string.sub(packed, 5, 12), run = string.sub(packed, 13, 28),
  }
end
