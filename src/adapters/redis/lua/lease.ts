import { common } from './common.js';

/**
 * A lease is a key that expires on the machine clock; its fence grows with each holder and is checked by every write
 * under the lease. ARGV: fleet, holder, ttl -> the fence, or nothing when somebody holds it.
 */
export const leaseLua = `${common}
local key = of(ARGV[1], 'lease')
if redis.call('EXISTS', key) == 1 then return false end
local fence = redis.call('HINCRBY', of(ARGV[1], 'state'), 'fence', 1)
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
