-- The inside door on :9001: the control plane reads and replaces the target list, CloudWatch
-- reads the counters.
local cjson = require "cjson.safe"
local front = require "front"
local targets = require "targets"
local shared = ngx.shared.alb

local M = {}

local CLASSES = { "1xx", "2xx", "3xx", "4xx", "5xx" }
local STATES = { "initial", "healthy", "unhealthy", "draining" }

local function answer(status, text)
  ngx.status = status
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

local function current()
  return '{"generation":"' .. targets.generation() .. '","targets":' .. targets.json() .. "}\n"
end

-- GET: the list with this nginx's generation. PUT: replace it as a whole.
function M.targets()
  local method = ngx.req.get_method()
  if method == "GET" then return answer(200, current()) end
  if method ~= "PUT" then return answer(405, '{"error":"GET or PUT"}\n') end
  ngx.req.read_body()
  local text = ngx.req.get_body_data() or ""
  local given, trouble = cjson.decode(text)
  if type(given) == "table" and not text:find('"targets"%s*:%s*{') then -- this cjson reads {} as []
    trouble = targets.replace(given.targets)
  else
    trouble = trouble or "an object with a list of targets is wanted"
  end
  if trouble then return answer(400, cjson.encode({ error = trouble }) .. "\n") end
  return answer(200, current())
end

-- Requests in flight by target id, also of those that have left the list.
function M.inflight()
  local parts = {}
  for _, key in ipairs(shared:get_keys(0)) do
    local id = key:match("^inflight (.+)$")
    if id then parts[#parts + 1] = cjson.encode(id) .. ":" .. math.max(0, shared:get(key)) end
  end
  return answer(200, "{" .. table.concat(parts, ",") .. "}\n")
end

local function by_prefix(prefix)
  local found = {}
  for _, key in ipairs(shared:get_keys(0)) do
    local name = key:match("^" .. prefix .. " (.+)$")
    if name then found[#found + 1] = name end
  end
  table.sort(found)
  return found
end

function M.metrics()
  local lines, total, count, sum = {}, 0, 0, 0
  local function family(name, kind, help)
    lines[#lines + 1] = "# HELP " .. name .. " " .. help
    lines[#lines + 1] = "# TYPE " .. name .. " " .. kind
  end
  local function line(name, labels, value)
    lines[#lines + 1] = name .. labels .. " " .. value
  end

  family("alb_target_responses_total", "counter", "Answers of targets (HTTPCode_Target_XXX_Count).")
  for _, name in ipairs(by_prefix("code")) do
    local class, id = name:match("^(%d) (.+)$")
    local n = shared:get("code " .. name)
    total = total + n
    line("alb_target_responses_total",
      '{target="' .. id .. '",code="' .. CLASSES[tonumber(class)] .. '"}', n)
  end
  family("alb_elb_responses_total", "counter",
    "The ALB's own answers (HTTPCode_ELB_XXX_Count); 460: the client left.")
  for _, code in ipairs(by_prefix("elb")) do
    local n = shared:get("elb " .. code)
    total = total + n
    line("alb_elb_responses_total", '{code="' .. code .. '"}', n)
  end
  family("alb_requests_total", "counter", "Requests ended (RequestCount).")
  line("alb_requests_total", "", total)
  family("alb_target_connection_errors_total", "counter",
    "Targets that could not be connected to (TargetConnectionErrorCount).")
  for _, id in ipairs(by_prefix("errors")) do
    line("alb_target_connection_errors_total", '{target="' .. id .. '"}', shared:get("errors " .. id))
  end
  family("alb_target_seconds_total", "counter", "Time until targets' headers, summed.")
  for _, id in ipairs(by_prefix("sum")) do
    local seconds = shared:get("sum " .. id)
    sum = sum + seconds
    line("alb_target_seconds_total", '{target="' .. id .. '"}', seconds)
  end
  family("alb_target_response_seconds", "histogram", "Time until targets' headers.")
  for i = 1, #front.BUCKETS + 1 do
    count = count + (shared:get("bucket " .. i) or 0)
    line("alb_target_response_seconds_bucket", '{le="' .. (front.BUCKETS[i] or "+Inf") .. '"}', count)
  end
  line("alb_target_response_seconds_sum", "", sum)
  line("alb_target_response_seconds_count", "", count)

  family("alb_inflight", "gauge", "Requests in flight by target.")
  for _, id in ipairs(by_prefix("inflight")) do
    line("alb_inflight", '{target="' .. id .. '"}', math.max(0, shared:get("inflight " .. id)))
  end
  local states = { initial = 0, healthy = 0, unhealthy = 0, draining = 0 }
  for _, target in ipairs(targets.list()) do states[target.state] = states[target.state] + 1 end
  family("alb_targets", "gauge", "Registered targets (HealthyHostCount, UnHealthyHostCount).")
  for _, state in ipairs(STATES) do line("alb_targets", '{state="' .. state .. '"}', states[state]) end
  family("alb_connections", "gauge", "Open connections (ActiveConnectionCount).")
  line("alb_connections", "", ngx.var.connections_active or 0)
  ngx.header["Content-Type"] = "text/plain; version=0.0.4"
  return answer(200, table.concat(lines, "\n") .. "\n")
end

return M
