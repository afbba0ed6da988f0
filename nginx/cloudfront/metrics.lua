-- Counts requests, bytes, seconds and what the cache did, and shows them to CloudWatch.
local M = {}

local BUCKETS = { 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 }
local HELP = {
  cloudfront_requests_total = "Requests by behaviour and class of status.",
  cloudfront_origin_errors_total = "5xx that came from, or instead of, an origin's answer.",
  cloudfront_cache_total = "What the cache did with requests for objects.",
  cloudfront_bytes_total = "Bytes sent to viewers.",
}

local function bump(name, by)
  ngx.shared.counters:incr(name, by or 1, 0)
end

local function bucket(seconds)
  for index, edge in ipairs(BUCKETS) do
    if seconds <= edge then
      return index
    end
  end
  return #BUCKETS + 1
end

function M.count()
  local var = ngx.var
  local behavior = var.behavior or "none"
  local label = '{behavior="' .. behavior .. '"'
  local status = ngx.status
  bump("cloudfront_requests_total" .. label .. ',status="' .. math.floor(status / 100) .. 'xx"}')
  bump("cloudfront_bytes_total" .. label .. "}", tonumber(var.bytes_sent) or 0)
  if status >= 500 then
    bump("cloudfront_origin_errors_total" .. label .. "}")
  end
  local cache = var.upstream_cache_status
  if cache then
    bump("cloudfront_cache_total" .. label .. ',result="' .. cache:lower() .. '"}')
  end
  local seconds = tonumber(var.request_time) or 0
  bump("~count " .. behavior .. " " .. bucket(seconds))
  bump("~sum " .. behavior, seconds)
end

local function histogram(out, counters, behaviors)
  local name = "cloudfront_request_seconds"
  out[#out + 1] = "# HELP " .. name .. " Time from the first byte read to the last one sent."
  out[#out + 1] = "# TYPE " .. name .. " histogram"
  for behavior in pairs(behaviors) do
    local label = '{behavior="' .. behavior .. '"'
    local total = 0
    for index = 1, #BUCKETS + 1 do
      total = total + (counters:get("~count " .. behavior .. " " .. index) or 0)
      local edge = BUCKETS[index] or "+Inf"
      out[#out + 1] = name .. "_bucket" .. label .. ',le="' .. edge .. '"} ' .. total
    end
    out[#out + 1] = name .. "_sum" .. label .. "} " .. (counters:get("~sum " .. behavior) or 0)
    out[#out + 1] = name .. "_count" .. label .. "} " .. total
  end
end

function M.show()
  local counters = ngx.shared.counters
  local keys = counters:get_keys(0)
  table.sort(keys)
  local out, behaviors, last = {}, {}, nil
  for _, key in ipairs(keys) do
    local behavior = key:match("^~sum (.*)$")
    if behavior then
      behaviors[behavior] = true
    elseif key:sub(1, 1) ~= "~" then
      local name = key:match("^[a-z_]+")
      if name ~= last then
        out[#out + 1] = "# HELP " .. name .. " " .. (HELP[name] or "")
        out[#out + 1] = "# TYPE " .. name .. " counter"
        last = name
      end
      out[#out + 1] = key .. " " .. counters:get(key)
    end
  end
  histogram(out, counters, behaviors)
  out[#out + 1] = "# HELP cloudfront_connections Viewers' connections by state."
  out[#out + 1] = "# TYPE cloudfront_connections gauge"
  for _, state in ipairs({ "active", "reading", "writing", "waiting" }) do
    local value = ngx.var["connections_" .. state] or 0
    out[#out + 1] = 'cloudfront_connections{state="' .. state .. '"} ' .. value
  end
  ngx.say(table.concat(out, "\n"))
end

return M
