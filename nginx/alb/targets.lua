-- The target list: kept in shared memory as JSON with a version, read by each worker once a
-- version. Owns which targets may get a request, and whose turn it is.
local cjson = require "cjson.safe"
local shared = ngx.shared.alb

local M = {}

local STATES = { initial = true, healthy = true, unhealthy = true, draining = true }
local MAX_WEIGHT = 999 -- as of a weighted target group

-- This worker's reading of the list: version, address by turn.
local version, turns = -1, {}

-- Once at nginx's start (a reload keeps the shared memory, and so the generation).
function M.start()
  local now = string.format("%d-%d", ngx.now() * 1000, ngx.worker.pid())
  if shared:add("generation", now) then
    shared:set("targets", "[]")
    shared:set("version", 0)
  end
end

local function gcd(a, b)
  while b > 0 do a, b = b, a % b end
  return a
end

-- Smooth weighted round robin, laid out once: over #turns requests each target has exactly its
-- share, spread as evenly as can be.
local function lay_out(candidates)
  local divisor, total = 0, 0
  for _, target in ipairs(candidates) do divisor = gcd(target.weight, divisor) end
  local credit, found = {}, {}
  for _, target in ipairs(candidates) do total = total + target.weight / divisor end
  for turn = 1, total do
    local best
    for i, target in ipairs(candidates) do
      credit[i] = (credit[i] or 0) + target.weight / divisor
      if not best or credit[i] > credit[best] then best = i end
    end
    credit[best] = credit[best] - total
    found[turn] = candidates[best]
  end
  return found
end

-- Healthy targets; without any, all that are registered and not draining (an ALB fails open).
local function candidates(list)
  local healthy, open = {}, {}
  for _, target in ipairs(list) do
    if target.weight > 0 and target.state ~= "draining" then
      open[#open + 1] = target
      if target.state == "healthy" then healthy[#healthy + 1] = target end
    end
  end
  return #healthy > 0 and healthy or open
end

-- A target by its id, if it may get a request now.
function M.find(id)
  M.next()
  for _, target in ipairs(turns) do
    if target.id == id then return target end
  end
end

-- The target whose turn it is, or nil when there is none that may get a request. The turn is
-- counted in shared memory: shares are exact over all workers.
function M.next()
  local now = shared:get("version")
  if now ~= version then
    turns = lay_out(candidates(M.list()))
    version = now
  end
  local n = #turns
  if n < 2 then return turns[1] end
  return turns[shared:incr("turn", 1, 0) % n + 1]
end

function M.list() return cjson.decode(shared:get("targets")) end

function M.json() return shared:get("targets") end

function M.generation() return shared:get("generation") end

local function wrong(target)
  if type(target) ~= "table" then return "a target must be an object" end
  local id, address, weight = target.id, target.address, target.weight
  if type(id) ~= "string" or not id:match("^[%w._-]+$") then return "id must be a plain name" end
  local port = type(address) == "string" and address:match("^%d+%.%d+%.%d+%.%d+:(%d+)$")
  port = tonumber(port)
  if not port or port < 1 or port > 65535 then return id .. ": address must be IPv4:port" end
  if not STATES[target.state] then return id .. ": unknown state" end
  if type(weight) ~= "number" or weight % 1 ~= 0 or weight < 0 or weight > MAX_WEIGHT then
    return id .. ": weight must be a whole number from 0 to " .. MAX_WEIGHT
  end
end

-- Replace the whole list; answers what is wrong with the new one, which then changes nothing.
function M.replace(list)
  if type(list) ~= "table" then return "targets must be a list" end
  local seen, count = {}, 0
  for _ in pairs(list) do count = count + 1 end
  if count ~= #list then return "targets must be a list" end
  for _, target in ipairs(list) do
    local trouble = wrong(target)
    if trouble then return trouble end
    if seen[target.id] then return target.id .. " is there twice" end
    seen[target.id] = true
  end
  local ok, trouble = shared:set("targets", count > 0 and cjson.encode(list) or "[]")
  if not ok then return trouble end
  shared:incr("version", 1)
end

return M
