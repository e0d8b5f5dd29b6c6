/**
 * What the scripts share: keys, the audit chain and the outbox. A script is this text and its own.
 * Values that are stored pass through as strings made by Muster; Lua's JSON would turn [] into {} and round numbers.
 */
export const common = `
local P = KEYS[1]
local function of(fleet, what) return P .. 'fleet:' .. fleet .. ':' .. what end

local function version(fleet)
  local own = tonumber(redis.call('HGET', of(fleet, 'state'), 'version')) or 0
  return own + (tonumber(redis.call('GET', P .. 'version')) or 0)
end

local function bump(fleet)
  if fleet == '*' then redis.call('INCR', P .. 'version')
  else redis.call('HINCRBY', of(fleet, 'state'), 'version', 1) end
end

local function freezes(fleet)
  if fleet == '*' then return P .. 'freezes' end
  return of(fleet, 'freezes')
end
`;
