import { after, before } from 'node:test';
import { Redis } from 'ioredis';
import { createBullQueue } from '../../../src/adapters/bullmq/queue.js';
import { createClock } from '../../../src/adapters/clock/clock.js';
import { queueContract } from '../../contracts/queue.js';
import { silentLog, startTestRedis, type TestRedis, until } from '../../support/redis.js';

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

/** A minute of Muster time in 100 ms. */
const SPEED = 600;

queueContract('BullMQ', async () => {
  await admin.flushall();
  const clock = createClock({ wallMs: Date.now(), simMs: Date.UTC(2026, 0, 5, 10), speed: SPEED });
  const locks = { lockMs: 2_000, stalledMs: 1_000 };
  const runner = createBullQueue({ url: redis.socket, clock, locks, log: silentLog });
  await until('the queue answers', () =>
    runner.queue.enqueue('warm-up', {}).then(
      () => true,
      () => false,
    ),
  );
  return {
    runner,
    clock,
    until: (what, holds) => until(what, holds),
    async pass(ms) {
      const end = clock.now() + ms;
      await until('time passes', () => clock.now() >= end);
    },
    close: () => runner.close(),
  };
});
