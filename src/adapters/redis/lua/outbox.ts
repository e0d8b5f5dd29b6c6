import { RETENTION } from '../../../core/retention.js';
import { common } from './common.js';

/**
 * A channel's rows by key, and their order: a sorted set whose score is urgency and first arrival, whose member is a
 * running number and the key, so that equal scores keep their order. The newest version of a key replaces an older one
 * in its place; a version without a thread keeps the thread that waits.
 */
export const outbox = `
local function seq_of(value)
  return value and tonumber(string.match(value, '^(%-?%d+) ')) or nil
end

local function forget(base, key, member)
  redis.call('ZREM', base .. 'order', member)
  redis.call('HDEL', base .. 'rows', key)
  redis.call('HDEL', base .. 'slots', key)
  redis.call('HDEL', base .. 'threads', key)
end

local function push_row(row)
  local base = P .. 'outbox:' .. row.channel .. ':'
  local posted = seq_of(redis.call('HGET', base .. 'posted', row.key))
  if posted and posted >= row.seq then return end
  local older = seq_of(redis.call('HGET', base .. 'rows', row.key))
  if older and older >= row.seq then return end
  local member = redis.call('HGET', base .. 'slots', row.key)
  if not member then
    member = string.format('%012d', redis.call('INCR', P .. 'outbox:count')) .. ' ' .. row.key
    redis.call('HSET', base .. 'slots', row.key, member)
    redis.call('SADD', P .. 'outbox:channels', row.channel)
    redis.call('ZADD', base .. 'order', row.score, member)
  else
    redis.call('ZADD', base .. 'order', 'LT', row.score, member)
  end
  redis.call('HSET', base .. 'rows', row.key, row.json)
  if row.thread ~= '' then redis.call('HSET', base .. 'threads', row.key, row.thread) end
  if redis.call('ZCARD', base .. 'order') > ${RETENTION.channelRows} then
    local last = redis.call('ZREVRANGE', base .. 'order', 0, 0)[1]
    forget(base, string.sub(last, 14), last)
  end
end

local function push(rows, pager)
  for _, row in ipairs(rows) do push_row(row) end
  for _, event in ipairs(pager) do redis.call('RPUSH', P .. 'pager', event) end
  if #pager > 0 then redis.call('LTRIM', P .. 'pager', -${RETENTION.pagerEvents}, -1) end
end
`;

/** ARGV[1] {rows, pager}. */
export const pushLua = `${common}${outbox}
local given = cjson.decode(ARGV[1])
push(given.rows, given.pager)
return 1
`;

/** Each channel: name, count, the best scores of each urgency (the first arrivals); the pager's count and first event last. */
export const waitingLua = `${common}
local found = {}
for _, channel in ipairs(redis.call('SMEMBERS', P .. 'outbox:channels')) do
  local order = P .. 'outbox:' .. channel .. ':order'
  local first = {}
  for rank = 0, 3 do
    local one = redis.call('ZRANGEBYSCORE', order, rank .. 'e14', '(' .. (rank + 1) .. 'e14', 'WITHSCORES', 'LIMIT', 0, 1)
    if one[2] then first[#first + 1] = one[2] end
  end
  found[#found + 1] = { channel, redis.call('ZCARD', order), first }
end
return { found, redis.call('LLEN', P .. 'pager'), redis.call('LINDEX', P .. 'pager', 0) }
`;

/** ARGV[1] channel -> the row to send next and its thread. */
export const peekLua = `${common}
local base = P .. 'outbox:' .. ARGV[1] .. ':'
local first = redis.call('ZRANGE', base .. 'order', 0, 0)[1]
if not first then return false end
local key = string.sub(first, 14)
return { redis.call('HGET', base .. 'rows', key), redis.call('HGET', base .. 'threads', key) }
`;

/** ARGV: channel, from, to (both counted from 0) -> row, whether its key was posted before, row, … */
export const backlogLua = `${common}
local base = P .. 'outbox:' .. ARGV[1] .. ':'
local found = {}
for _, member in ipairs(redis.call('ZRANGE', base .. 'order', ARGV[2], ARGV[3])) do
  local key = string.sub(member, 14)
  found[#found + 1] = redis.call('HGET', base .. 'rows', key)
  found[#found + 1] = redis.call('HEXISTS', base .. 'posted', key)
end
return found
`;

/** ARGV: channel, [{key, seq}]. */
export const foldLua = `${common}${outbox}
local base = P .. 'outbox:' .. ARGV[1] .. ':'
for _, row in ipairs(cjson.decode(ARGV[2])) do
  local waiting = seq_of(redis.call('HGET', base .. 'rows', row.key))
  if waiting and waiting <= row.seq then forget(base, row.key, redis.call('HGET', base .. 'slots', row.key)) end
end
if redis.call('ZCARD', base .. 'order') == 0 then redis.call('SREM', P .. 'outbox:channels', ARGV[1]) end
return 1
`;

/** ARGV: channel, key, seq, at, place. A version that arrived meanwhile stays. */
export const sentLua = `${common}${outbox}
local base = P .. 'outbox:' .. ARGV[1] .. ':'
local key, seq, at = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local waiting = seq_of(redis.call('HGET', base .. 'rows', key))
if waiting and waiting <= seq then forget(base, key, redis.call('HGET', base .. 'slots', key)) end
if redis.call('ZCARD', base .. 'order') == 0 then redis.call('SREM', P .. 'outbox:channels', ARGV[1]) end
redis.call('HSET', base .. 'posted', key, ARGV[3] .. ' ' .. ARGV[5])
redis.call('ZADD', base .. 'postedAt', ARGV[4], key)
local before = string.format('(%.0f', at - ${RETENTION.postedMs})
for _, old in ipairs(redis.call('ZRANGEBYSCORE', base .. 'postedAt', '-inf', before, 'LIMIT', 0, 50)) do
  redis.call('HDEL', base .. 'posted', old)
  redis.call('ZREM', base .. 'postedAt', old)
end
return 1
`;

/** ARGV: channel, key -> 'seq {ref, threadPosted}'. */
export const postedLua = `${common}
return redis.call('HGET', P .. 'outbox:' .. ARGV[1] .. ':posted', ARGV[2])
`;

/** The first page, read in pieces because an outage may leave thousands of changes before it; else the first change. */
export const peekPagerLua = `${common}
local first = redis.call('LINDEX', P .. 'pager', 0)
local from = 0
while first do
  local events = redis.call('LRANGE', P .. 'pager', from, from + 99)
  for _, text in ipairs(events) do
    local ok, event = pcall(cjson.decode, text)
    if not ok or type(event) ~= 'table' or event.kind ~= 'change' then return text end
  end
  if #events < 100 then return first end
  from = from + 100
end
return first
`;

/** ARGV[1] the event as it was pushed. */
export const sentPagerLua = `${common}
return redis.call('LREM', P .. 'pager', 1, ARGV[1])
`;
