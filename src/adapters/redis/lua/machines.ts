import { RETENTION } from '../../../core/retention.js';
import { audit } from './audit.js';
import { common } from './common.js';
import { outbox } from './outbox.js';

/**
 * Machines of one kind: a hash id -> record, one id -> rev, and the closed ones by when they closed, of which the newest
 * are kept. ARGV[1] = {kind, id, fleet, json, hold, open, at, expectRev, fence, audit, rows, pager}.
 */
export const saveMachineLua = `${common}${audit}${outbox}
local c = cjson.decode(ARGV[1])
local base = P .. 'machines:' .. c.kind
if (tonumber(redis.call('HGET', base .. ':revs', c.id)) or 0) ~= c.expectRev then return { 'conflict' } end
if c.fence ~= cjson.null and (tonumber(redis.call('HGET', of(c.fleet, 'state'), 'fence')) or 0) ~= c.fence then
  return { 'conflict' }
end
redis.call('HSET', base, c.id, c.json)
redis.call('HSET', base .. ':revs', c.id, c.expectRev + 1)
if c.hold ~= cjson.null then redis.call('HSET', of(c.fleet, 'holds'), c.kind .. ':' .. c.id, c.hold)
else redis.call('HDEL', of(c.fleet, 'holds'), c.kind .. ':' .. c.id) end
if c.open then redis.call('ZREM', base .. ':closed', c.id)
else
  redis.call('ZADD', base .. ':closed', c.at, c.id)
  for _, id in ipairs(redis.call('ZREVRANGE', base .. ':closed', ${RETENTION.closedMachines}, -1)) do
    redis.call('ZREM', base .. ':closed', id)
    redis.call('HDEL', base, id)
    redis.call('HDEL', base .. ':revs', id)
  end
end
push(c.rows, c.pager)
local tail = 0
if c.audit ~= cjson.null then tail = append_audit(c.audit) end
return { 'stored', 0, tail }
`;

/** ARGV: kind, id. */
export const machineLua = `${common}
return redis.call('HGET', P .. 'machines:' .. ARGV[1], ARGV[2])
`;

/** ARGV: kind. */
export const machinesLua = `${common}
return redis.call('HVALS', P .. 'machines:' .. ARGV[1])
`;
