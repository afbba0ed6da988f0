-- One request through the ALB: chosen a target, connected, counted. What the ALB answered itself
-- and what a target answered are counted apart, as HTTPCode_ELB_5XX and HTTPCode_Target_5XX are.
local balancer = require "ngx.balancer"
local targets = require "targets"
local shared = ngx.shared.alb
local ngx, var = ngx, ngx.var

local M = {}

-- Stickiness by the load balancer's own cookie (AWSALB): a client goes where it was before.
local STICKY = os.getenv("ALB_STICKINESS") == "on"

-- Upper bounds of TargetResponseTime's histogram, seconds.
M.BUCKETS = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10 }

local REASONS = {
  [400] = "Bad Request", [404] = "Not Found", [405] = "Method Not Allowed",
  [408] = "Request Time-out", [411] = "Length Required", [413] = "Request Entity Too Large",
  [414] = "Request-URI Too Large", [500] = "Internal Server Error", [501] = "Not Implemented",
  [502] = "Bad Gateway", [503] = "Service Temporarily Unavailable", [504] = "Gateway Time-out",
}

-- Names of a target's counters, built once.
local counters = setmetatable({}, {
  __index = function(all, id)
    local names = { inflight = "inflight " .. id, sum = "sum " .. id, errors = "errors " .. id }
    for class = 1, 5 do names[class] = "code " .. class .. " " .. id end
    all[id] = names
    return names
  end,
})
local bucket_names = {}
for i = 1, #M.BUCKETS + 1 do bucket_names[i] = "bucket " .. i end

-- A worker that takes over from one that crashed: what that had in flight ended with it.
function M.start_worker()
  if ngx.worker.count() > 1 then return end
  for _, key in ipairs(shared:get_keys(0)) do
    if key:find("^inflight ") then shared:set(key, 0) end
  end
end

-- The root of a trace: version, time in 8 hex digits, 96 random bits.
local function new_root()
  return string.format("Root=1-%08x-%s", ngx.time(), var.request_id:sub(1, 24))
end

function M.choose()
  local given = var.http_x_amzn_trace_id
  if not given then
    var.trace_id = new_root()
  elseif given:find("Root=", 1, true) then
    var.trace_id = given
  else
    var.trace_id = new_root() .. ";" .. given
  end
  local target = STICKY and var.cookie_awsalb and targets.find(var.cookie_awsalb) or targets.next()
  if not target then return ngx.exit(503) end
  -- In variables, not in ngx.ctx: that is lost on the way to an error page.
  var.target = target.id
  var.peer = target.address
  shared:incr(counters[target.id].inflight, 1, 0)
end

-- The cookie goes out with every answer, beside those of the target.
function M.stick()
  if not STICKY or var.target == "" then return end
  local cookies = ngx.header["Set-Cookie"] or {}
  if type(cookies) == "string" then cookies = { cookies } end
  cookies[#cookies + 1] = "AWSALB=" .. var.target .. "; Path=/"
  ngx.header["Set-Cookie"] = cookies
end

function M.connect()
  local host, port = var.peer:match("^(.-):(%d+)$")
  local ok, trouble = balancer.set_current_peer(host, tonumber(port))
  if not ok then
    ngx.log(ngx.ERR, "no such peer ", var.peer, ": ", trouble)
    return ngx.exit(502)
  end
end

function M.log()
  local status = ngx.status
  local id = var.target
  local took
  if id and id ~= "" then
    local names = counters[id]
    shared:incr(names.inflight, -1, 0)
    took = tonumber(var.upstream_header_time)
    if took then
      shared:incr(names[math.floor(tonumber(var.upstream_status) / 100)] or names[5], 1, 0)
      shared:incr(names.sum, took, 0)
      local i = 1
      while M.BUCKETS[i] and took > M.BUCKETS[i] do i = i + 1 end
      shared:incr(bucket_names[i], 1, 0)
      return
    end
    if status >= 500 and not tonumber(var.upstream_connect_time) then shared:incr(names.errors, 1, 0) end
  end
  -- Answered by the ALB itself; a client that left before any answer is its 460.
  shared:incr("elb " .. (status == 499 and 460 or status), 1, 0)
end

function M.own_answer()
  local status = ngx.status
  local title = status .. " " .. (REASONS[status] or "")
  ngx.header["Server"] = "awselb/2.0"
  ngx.header["Content-Type"] = "text/html"
  local page = "<html>\r\n<head><title>" .. title .. "</title></head>\r\n<body>\r\n<center><h1>"
    .. title .. "</h1></center>\r\n</body>\r\n</html>\r\n"
  ngx.header["Content-Length"] = #page
  ngx.print(page)
end

return M
