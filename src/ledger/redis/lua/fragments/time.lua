-- Redis time in ms since the epoch: the only clock of the ledger, as the workers' clocks may differ.
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Lua would print such a number as 1.76e+12.
local function ms_text(ms)
  return string.format('%.0f', ms)
end
