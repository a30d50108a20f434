-- A settled record, packed small, as it outlives the message by weeks: up to 44 bytes Redis keeps a text beside its own
-- header, above that in a block of its own. Decoded by record-codec.ts too. From byte 0: layout version '2', a letter for
-- outcome, owner and the sides that have seen it, 8 raw bytes of fingerprint, 16 raw bytes of run, then the text
-- `policyVersion|round|attempt|reason`, in which round and attempt are left out where both are 1; no reason begins with a digit.
local OUTCOMES = { 'granted', 'refused', 'abandoned' }
local OWNERS = { 'kafka', 'rocketmq' }
local FIRST_LETTER = 65

local function raw_bytes(hex)
  return (string.gsub(hex, '%x%x', function(pair) return string.char(tonumber(pair, 16)) end))
end

local function raw_run(run)
  return raw_bytes((string.gsub(run, '-', '')))
end

local function position(words, wanted)
  for i, word in ipairs(words) do if word == wanted then return i - 1 end end
end

local function letter_of(outcome, owner, seen)
  return string.char(FIRST_LETTER + position(OUTCOMES, outcome) * 8 + position(OWNERS, owner) * 4 + tonumber(seen))
end

local function pack_settled(outcome, owner, seen, fingerprint, run, policy_version, round, attempt, reason)
  local tries = (round == '1' and attempt == '1') and '' or (round .. '|' .. attempt .. '|')
  return '2' .. letter_of(outcome, owner, seen) .. raw_bytes(fingerprint) .. raw_run(run)
    .. policy_version .. '|' .. tries .. reason
end

-- nil for anything that is not such a record. `fingerprint` and `run` stay raw bytes.
local function unpack_settled(packed)
  local text = string.sub(packed, 27)
  local reason = string.match(text, '^%d+|%d+|%d+|(.*)$') or string.match(text, '^%d+|(%D.*)$')
  local number = (string.byte(packed, 2) or 0) - FIRST_LETTER
  local outcome = OUTCOMES[math.floor(number / 8) + 1]
  if string.sub(packed, 1, 1) ~= '2' or number < 0 or not outcome or not reason then return nil end
  return {
    state = 'settled', outcome = outcome, owner = OWNERS[math.floor(number % 8 / 4) + 1], reason = reason,
    seen = tostring(number % 4), fingerprint = string.sub(packed, 3, 10), run = string.sub(packed, 11, 26),
  }
end

-- The same record, seen by these sides.
local function with_seen(packed, record, seen)
  return '2' .. letter_of(record.outcome, record.owner, seen) .. string.sub(packed, 3)
end
