import { common } from './common.js';

/**
 * A lease is a key that expires on the machine clock; its fence grows with each holder and is checked by every write
 * under the lease. It is the time in microseconds where that is more than one up: a failover that loses the newest
 * writes would else give the number of a holder that lives on to the next one, and let both write.
 * ARGV: fleet, holder, ttl -> the fence, or nothing when somebody holds it.
 */
export const leaseLua = `${common}
local key = of(ARGV[1], 'lease')
if redis.call('EXISTS', key) == 1 then return false end
local state = of(ARGV[1], 'state')
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local stored = tonumber(redis.call('HGET', state, 'fence') or 0)
local fence = string.format('%.0f', math.max(stored + 1, now))
redis.call('HSET', state, 'fence', fence)
redis.call('SET', key, fence .. ' ' .. ARGV[2], 'PX', ARGV[3])
return fence
`;

/** ARGV: fleet, 'fence holder', ttl. */
export const renewLua = `${common}
local key = of(ARGV[1], 'lease')
if redis.call('GET', key) ~= ARGV[2] then return 0 end
return redis.call('PEXPIRE', key, ARGV[3])
`;

/** ARGV: fleet, 'fence holder'. */
export const releaseLua = `${common}
local key = of(ARGV[1], 'lease')
if redis.call('GET', key) ~= ARGV[2] then return 0 end
return redis.call('DEL', key)
`;

/** ARGV: id, ttl. */
export const onceLua = `${common}
if redis.call('SET', P .. 'once:' .. ARGV[1], '1', 'NX', 'PX', ARGV[2]) then return 1 end
return 0
`;

/** ARGV: id. */
export const undoOnceLua = `${common}
return redis.call('DEL', P .. 'once:' .. ARGV[1])
`;

/** ARGV: id. */
export const wasOnceLua = `${common}
return redis.call('EXISTS', P .. 'once:' .. ARGV[1])
`;
