import { common } from './common.js';

/**
 * The chain's link is made here, inside the transaction, so that a thousand fleets that decide at once never have to
 * try again because somebody else moved the head. The entry's own digest comes from Muster; what is hashed here is
 * 64 bytes long: the previous link and that digest. Redis offers SHA-1 only, so SHA-256 (FIPS 180-4) is written out;
 * one link costs it about a tenth of a millisecond.
 */
export const audit = `
local band, bxor, bnot, ror, rshift, tobit = bit.band, bit.bxor, bit.bnot, bit.ror, bit.rshift, bit.tobit
local GENESIS = string.rep('0', 64)

local function words(hex, w, from)
  for i = 0, 7 do w[from + i] = tobit(tonumber(string.sub(hex, 8 * i + 1, 8 * i + 8), 16)) end
end

local function compress(h, w, K)
  for i = 17, 64 do
    local x, y = w[i - 15], w[i - 2]
    local s0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
    local s1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
    w[i] = tobit(w[i - 16] + s0 + w[i - 7] + s1)
  end
  local a, b, c, d, e, f, g, j = h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8]
  for i = 1, 64 do
    local s1 = bxor(ror(e, 6), ror(e, 11), ror(e, 25))
    local t1 = j + s1 + bxor(band(e, f), band(bnot(e), g)) + K[i] + w[i]
    local s0 = bxor(ror(a, 2), ror(a, 13), ror(a, 22))
    local t2 = s0 + bxor(band(a, b), band(a, c), band(b, c))
    j, g, f, e, d, c, b, a = g, f, e, tobit(d + t1), c, b, a, tobit(t1 + t2)
  end
  local out = { a, b, c, d, e, f, g, j }
  for i = 1, 8 do h[i] = tobit(h[i] + out[i]) end
end

local function link(previous, digest)
  local K = {
    0x428a2f98,0x71374491,0xb5c0fbcf,0xe9b5dba5,0x3956c25b,0x59f111f1,0x923f82a4,0xab1c5ed5,
    0xd807aa98,0x12835b01,0x243185be,0x550c7dc3,0x72be5d74,0x80deb1fe,0x9bdc06a7,0xc19bf174,
    0xe49b69c1,0xefbe4786,0x0fc19dc6,0x240ca1cc,0x2de92c6f,0x4a7484aa,0x5cb0a9dc,0x76f988da,
    0x983e5152,0xa831c66d,0xb00327c8,0xbf597fc7,0xc6e00bf3,0xd5a79147,0x06ca6351,0x14292967,
    0x27b70a85,0x2e1b2138,0x4d2c6dfc,0x53380d13,0x650a7354,0x766a0abb,0x81c2c92e,0x92722c85,
    0xa2bfe8a1,0xa81a664b,0xc24b8b70,0xc76c51a3,0xd192e819,0xd6990624,0xf40e3585,0x106aa070,
    0x19a4c116,0x1e376c08,0x2748774c,0x34b0bcb5,0x391c0cb3,0x4ed8aa4a,0x5b9cca4f,0x682e6ff3,
    0x748f82ee,0x78a5636f,0x84c87814,0x8cc70208,0x90befffa,0xa4506ceb,0xbef9a3f7,0xc67178f2 }
  local h = { tobit(0x6a09e667), tobit(0xbb67ae85), tobit(0x3c6ef372), tobit(0xa54ff53a),
              tobit(0x510e527f), tobit(0x9b05688c), tobit(0x1f83d9ab), tobit(0x5be0cd19) }
  local w = {}
  words(previous, w, 1)
  words(digest, w, 9)
  compress(h, w, K)
  -- The padding block of a message of 64 bytes.
  for i = 2, 15 do w[i] = 0 end
  w[1], w[16] = tobit(0x80000000), 512
  compress(h, w, K)
  local hex = {}
  for i = 1, 8 do hex[i] = bit.tohex(h[i]) end
  return table.concat(hex)
end

local function append_audit(entry)
  local head = redis.call('HMGET', P .. 'audit:head', 'seq', 'hash')
  local seq = string.format('%.0f', (tonumber(head[1]) or 0) + 1)
  local hash = link(head[2] or GENESIS, entry.digest)
  redis.call('HSET', P .. 'audit:head', 'seq', seq, 'hash', hash)
  return redis.call('RPUSH', P .. 'audit:tail', seq .. ' ' .. hash .. ' ' .. entry.text)
end
`;

/** Appends one entry alone; gives the length of the chain's tail. */
export const appendLua = `${common}${audit}
return append_audit(cjson.decode(ARGV[1]))
`;

/** Head, checkpoint and the newest lines: ARGV[1] how many. Packs come from the log's own script. */
export const auditHeadLua = `${common}
return { redis.call('HMGET', P .. 'audit:head', 'seq', 'hash'),
         redis.call('HMGET', P .. 'audit:checkpoint', 'seq', 'hash') }
`;

/** Forgets the oldest pack, if it still ends with ARGV[1]; the checkpoint is its last entry: ARGV[1] seq, ARGV[2] hash. */
export const forgetAuditLua = `${common}
local first = redis.call('ZRANGE', P .. 'audit:packs', 0, 0, 'WITHSCORES')
if first[2] == nil or tonumber(first[2]) ~= tonumber(ARGV[1]) then return 0 end
redis.call('ZREMRANGEBYRANK', P .. 'audit:packs', 0, 0)
redis.call('HSET', P .. 'audit:checkpoint', 'seq', ARGV[1], 'hash', ARGV[2])
return 1
`;
