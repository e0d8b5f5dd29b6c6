import { equal, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { PREFIX } from '../../../src/adapters/redis/keys.js';
import { createRedisStore } from '../../../src/adapters/redis/store.js';
import type { StoredMachine } from '../../../src/ports.js';
import { storeContract } from '../../contracts/store.js';
import { PATIENT, silentLog, startTestRedis, type TestRedis } from '../../support/redis.js';

let redis: TestRedis;
let admin: Redis;
before(async () => {
  redis = await startTestRedis();
  admin = new Redis({ path: redis.socket, replyMapping: 'legacy' });
});
after(async () => {
  admin.disconnect();
  await redis.stop();
});

storeContract('Redis', async () => {
  await admin.flushall();
  const store = await createRedisStore({ url: redis.socket, log: silentLog, ...PATIENT });
  return {
    store,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    close: () => store.close(),
  };
});

test('after a failover that lost the newest lease, its holder writes no more', async () => {
  await admin.flushall();
  const store = await createRedisStore({ url: redis.socket, log: silentLog });
  try {
    const lost = (await store.lease('ocr', 'one', 60_000))!;
    const state = `${PREFIX}fleet:ocr:state`;
    equal(Number(await admin.hget(state, 'fence')), lost.fence);
    // What the new primary knows of it: nothing.
    await admin.del(state, `${PREFIX}fleet:ocr:lease`);
    const next = (await store.lease('ocr', 'two', 60_000))!;
    ok(next.fence > lost.fence);
    const machine: StoredMachine = {
      ...{ v: 1, kind: 'rollout', id: 'r1', fleet: 'ocr', rev: 0, open: true, at: 0, state: {} },
    };
    equal(await store.saveMachine(machine, { lease: lost, outbox: [], pager: [] }), 'conflict');
    equal(await store.saveMachine(machine, { lease: next, outbox: [], pager: [] }), 'stored');
  } finally {
    await store.close();
  }
});

test('a fence grows though the clock went back', async () => {
  await admin.flushall();
  const store = await createRedisStore({ url: redis.socket, log: silentLog });
  const ahead = (Date.now() + 3_600_000) * 1_000;
  await admin.hset(`${PREFIX}fleet:ocr:state`, 'fence', ahead);
  const lease = (await store.lease('ocr', 'one', 60_000))!;
  equal(lease.fence, ahead + 1);
  equal(await store.renew(lease, 60_000), true);
  await store.close();
});
