import { audit } from './audit.js';
import { common } from './common.js';
import { outbox } from './outbox.js';

/** Each takes ARGV[1] = {fleet, id, json, expectVersion, replaces, audit, rows, pager} and answers { outcome, 0, length of the audit's tail }. */
const head = `${common}${audit}${outbox}
local c = cjson.decode(ARGV[1])
local state = of(c.fleet, 'state')
local function stored()
  bump(c.fleet)
  push(c.rows, c.pager)
  return { 'stored', 0, append_audit(c.audit) }
end
`;

export const setOverrideLua = `${head}
if redis.call('HGET', state, 'overrideId') == c.id then return { 'duplicate' } end
if c.expectVersion ~= cjson.null and version(c.fleet) ~= c.expectVersion then return { 'conflict' } end
redis.call('HSET', state, 'override', c.json, 'overrideId', c.id)
return stored()
`;

export const endOverrideLua = `${head}
local id = redis.call('HGET', state, 'overrideId')
if not id then return { 'duplicate' } end
if id ~= c.id then return { 'conflict' } end
redis.call('HDEL', state, 'override', 'overrideId')
return stored()
`;

export const setFreezeLua = `${head}
local all = freezes(c.fleet)
if redis.call('HEXISTS', all, c.id) == 1 then return { 'duplicate' } end
if c.replaces ~= cjson.null and redis.call('HDEL', all, c.replaces) == 0 then return { 'conflict' } end
redis.call('HSET', all, c.id, c.json)
return stored()
`;

export const endFreezeLua = `${head}
if redis.call('HDEL', freezes(c.fleet), c.id) == 0 then return { 'duplicate' } end
return stored()
`;

/** ARGV[1] = {fleet, json, rev, expectRev, rows, pager}. Alerts are no intent: neither version nor audit. */
export const setAlertLua = `${common}${outbox}
local c = cjson.decode(ARGV[1])
local state = of(c.fleet, 'state')
if (tonumber(redis.call('HGET', state, 'alertRev')) or 0) ~= c.expectRev then return { 'conflict' } end
redis.call('HSET', state, 'alert', c.json, 'alertRev', c.rev)
push(c.rows, c.pager)
return { 'stored', 0, 0 }
`;

export const alertLua = `${common}
return redis.call('HGET', of(ARGV[1], 'state'), 'alert')
`;
