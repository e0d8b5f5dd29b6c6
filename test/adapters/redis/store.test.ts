import { after, before } from 'node:test';
import { Redis } from 'ioredis';
import { createRedisStore } from '../../../src/adapters/redis/store.js';
import { storeContract } from '../../contracts/store.js';
import { silentLog, startTestRedis, type TestRedis } from '../../support/redis.js';

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
  const store = await createRedisStore({ url: redis.socket, log: silentLog });
  return {
    store,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    close: () => store.close(),
  };
});
