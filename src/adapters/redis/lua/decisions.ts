import { RETENTION } from '../../../core/retention.js';
import { audit } from './audit.js';
import { common } from './common.js';
import { outbox } from './outbox.js';

/** ARGV[1] fleet -> state fields, freezes of the fleet, freezes of all, newest summary, its status, version, holds. */
export const fleetLua = `${common}
local fleet = ARGV[1]
local fields = redis.call('HMGET', of(fleet, 'state'), 'memory', 'desired', 'override', 'lastCycle', 'latestId')
local status = false
if fields[5] then status = redis.call('HGET', of(fleet, 'status'), fields[5]) end
return { fields, redis.call('HVALS', of(fleet, 'freezes')), redis.call('HVALS', P .. 'freezes'),
         redis.call('LINDEX', of(fleet, 'summaries:tail'), -1), status, string.format('%.0f', version(fleet)),
         redis.call('HVALS', of(fleet, 'holds')) }
`;

/** A repeat is told from a conflict first: after a lost answer the caller asks again with old numbers. */
export const commitLua = `${common}${audit}${outbox}
local c = cjson.decode(ARGV[1])
local state, ids = of(c.fleet, 'state'), of(c.fleet, 'ids')
if redis.call('HEXISTS', of(c.fleet, 'records'), c.id) == 1 then return { 'duplicate' } end
if c.cycle ~= '' and redis.call('ZSCORE', of(c.fleet, 'cycles'), c.cycle) then return { 'duplicate' } end
local now = redis.call('HMGET', state, 'memoryRev', 'desiredId', 'desiredOpen', 'lastCycle')
if (tonumber(now[1]) or 0) ~= c.expectRev or version(c.fleet) ~= c.expectVersion then return { 'conflict' } end

redis.call('HSET', state, 'memory', c.memory, 'memoryRev', c.rev, 'latestId', c.id)
if c.desired ~= '' then
  if now[3] == '1' then redis.call('HSET', of(c.fleet, 'status'), now[2], 'superseded') end
  redis.call('HSET', state, 'desired', c.desired, 'desiredId', c.desiredId, 'desiredOpen', c.desiredOpen)
  bump(c.fleet)
end
if c.cycle ~= '' then
  -- What a clock that ran ahead once decided for later must not keep the cycles until then from being decided.
  redis.call('ZREMRANGEBYSCORE', of(c.fleet, 'cycles'), '(' .. c.believed, '+inf')
  redis.call('ZADD', of(c.fleet, 'cycles'), c.cycle, c.cycle)
  redis.call('ZREMRANGEBYRANK', of(c.fleet, 'cycles'), 0, -${RETENTION.cycles + 1})
  local last = tonumber(now[4] or nil)
  if not last or last < tonumber(c.cycle) or last > tonumber(c.believed) then redis.call('HSET', state, 'lastCycle', c.cycle) end
end
redis.call('HSET', of(c.fleet, 'records'), c.id, ARGV[2])
if redis.call('RPUSH', ids, c.id) > ${RETENTION.records} then
  redis.call('HDEL', of(c.fleet, 'records'), redis.call('LPOP', ids))
end
local tail = redis.call('RPUSH', of(c.fleet, 'summaries:tail'), c.summary)
push(c.rows, c.pager)
return { 'stored', tail, append_audit(c.audit) }
`;

/** Only for the holder of the newest fence, and only for the decision that is still the desired one. */
export const progressLua = `${common}${audit}${outbox}
local c = cjson.decode(ARGV[1])
local state = of(c.fleet, 'state')
local now = redis.call('HMGET', state, 'fence', 'desiredId')
if (tonumber(now[1]) or 0) ~= c.fence or now[2] ~= c.desiredId then return { 'conflict' } end
redis.call('HSET', state, 'desired', c.desired, 'desiredOpen', c.desiredOpen)
redis.call('HSET', of(c.fleet, 'status'), c.desiredId, c.status)
push(c.rows, c.pager)
local length = 0
if c.audit ~= cjson.null then length = append_audit(c.audit) end
return { 'stored', 0, length }
`;

/** ARGV: fleet, id -> the deflated record and its status. */
export const decisionLua = `${common}
return { redis.call('HGET', of(ARGV[1], 'records'), ARGV[2]), redis.call('HGET', of(ARGV[1], 'status'), ARGV[2]) }
`;

/** ARGV: fleet, at, expectRev, rev, memory, sample. */
export const keepSampleLua = `${common}
local fleet, at = ARGV[1], tonumber(ARGV[2])
local state = of(fleet, 'state')
local now = redis.call('HMGET', state, 'lastSampleAt', 'memoryRev')
if now[1] and tonumber(now[1]) >= at then return { 'duplicate' } end
if (tonumber(now[2]) or 0) ~= tonumber(ARGV[3]) then return { 'conflict' } end
redis.call('HSET', state, 'lastSampleAt', ARGV[2], 'memory', ARGV[5], 'memoryRev', ARGV[4])
return { 'stored', redis.call('RPUSH', of(fleet, 'samples:tail'), ARGV[6]) }
`;
