import { common } from './common.js';

/** ARGV: log, oldest score wanted -> the packs that reach so far, then the tail. */
export const sinceLua = `${common}
local log = P .. ARGV[1]
return { redis.call('ZRANGEBYSCORE', log .. ':packs', ARGV[2], '+inf'), redis.call('LRANGE', log .. ':tail', 0, -1) }
`;

/** ARGV: log, lines wanted, least lines in a pack -> as many of the newest packs as it takes, oldest first, then the tail. */
export const newestLua = `${common}
local log, wanted = P .. ARGV[1], tonumber(ARGV[2])
local tail = redis.call('LRANGE', log .. ':tail', -wanted, -1)
local packs = {}
if #tail < wanted then
  packs = redis.call('ZRANGE', log .. ':packs', -math.ceil((wanted - #tail) / tonumber(ARGV[3])), -1)
end
return { packs, tail }
`;

/** ARGV: log, how many -> the oldest lines of the tail. */
export const oldestLua = `${common}
return redis.call('LRANGE', P .. ARGV[1] .. ':tail', 0, tonumber(ARGV[2]) - 1)
`;

/** ARGV: log, first, last -> packs by place, each followed by its score. */
export const packsLua = `${common}
return redis.call('ZRANGE', P .. ARGV[1] .. ':packs', ARGV[2], ARGV[3], 'WITHSCORES')
`;

/**
 * Replaces the oldest lines of the tail by one pack, unless somebody else did. ARGV: log, how many, the first line as
 * it was, the pack, its score, packs below this score are forgotten.
 */
export const packLua = `${common}
local log, count = P .. ARGV[1], tonumber(ARGV[2])
if redis.call('LINDEX', log .. ':tail', 0) ~= ARGV[3] then return 0 end
if redis.call('LLEN', log .. ':tail') < count then return 0 end
redis.call('LTRIM', log .. ':tail', count, -1)
redis.call('ZADD', log .. ':packs', ARGV[5], ARGV[4])
redis.call('ZREMRANGEBYSCORE', log .. ':packs', '-inf', ARGV[6])
return 1
`;

/** ARGV: fleet, then ids whose status went into a pack. */
export const forgetStatusLua = `${common}
for i = 2, #ARGV do redis.call('HDEL', of(ARGV[1], 'status'), ARGV[i]) end
return 1
`;

/** ARGV: fleet -> id, status, id, status … */
export const statusesLua = `${common}
return redis.call('HGETALL', of(ARGV[1], 'status'))
`;
