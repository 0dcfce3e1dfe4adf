-- Counts requests one after the other: each for all of its windows, or for none of them.
-- KEYS: the windows of all requests. ARGV: of each request how many windows, then quota and milliseconds of each.
-- Answers of each request 1 or 0 for passed or refused, then what is left and for how many milliseconds, of each window.
local told, key, argument = {}, 0, 1
while ARGV[argument] do
  local windows = tonumber(ARGV[argument])
  local left, rest, opens, passed = {}, {}, {}, 1
  for i = 1, windows do
    local name, quota = KEYS[key + i], tonumber(ARGV[argument + 2 * i - 1])
    local used, milliseconds = redis.call('GET', name), redis.call('PTTL', name)
    -- Without an end of its own a window would last for ever, so such a one counts as none.
    if not used or milliseconds <= 0 then
      opens[i], used, milliseconds = true, 0, tonumber(ARGV[argument + 2 * i])
    end
    left[i], rest[i] = quota - tonumber(used), milliseconds
    if left[i] <= 0 then
      passed = 0
    end
  end
  told[#told + 1] = passed
  for i = 1, windows do
    if passed == 1 then
      left[i] = left[i] - 1
      if opens[i] then
        redis.call('SET', KEYS[key + i], 1, 'PX', rest[i])
      else
        redis.call('INCR', KEYS[key + i])
      end
    end
    told[#told + 1] = math.max(left[i], 0)
    told[#told + 1] = rest[i]
  end
  key = key + windows
  argument = argument + 1 + 2 * windows
end
return table.concat(told, ' ')
