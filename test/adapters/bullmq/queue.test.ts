import { deepEqual } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { createBullQueue } from '../../../src/adapters/bullmq/queue.js';
import { createClock } from '../../../src/adapters/clock/clock.js';
import { aSchedule, queueContract } from '../../contracts/queue.js';
import { PATIENT, silentLog, startTestRedis, type TestRedis, until } from '../../support/redis.js';

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

test('a replica with another list of fleets leaves the schedules of those that live, and what nobody asks for ends', async () => {
  await admin.flushall();
  const clock = createClock({ wallMs: Date.now(), simMs: Date.UTC(2026, 0, 5, 10), speed: SPEED });
  const replica = (stalledMs: number) =>
    createBullQueue({
      url: redis.socket,
      clock,
      locks: { lockMs: 2_000, stalledMs },
      log: silentLog,
      ...PATIENT,
    });
  const schedulers = async () => (await admin.zrange('{muster}:tick:repeat', '0', '-1')).sort();
  const [old, young] = [replica(150), replica(150)];
  await old.schedule(['ocr', 'liveness'].map((name) => aSchedule(name, 'observe', 60_000, 0)));
  await young.schedule(['ocr', 'voice'].map((name) => aSchedule(name, 'observe', 60_000, 0)));
  for (let heals = 0; heals < 2; heals += 1) {
    const at = async (id: string) => Number(await admin.hget('{muster}.schedulers', id));
    const [liveness, voice] = [await at('liveness'), await at('voice')];
    await until(
      'both looked again',
      async () => (await at('liveness')) > liveness && (await at('voice')) > voice,
    );
    deepEqual(await schedulers(), ['liveness', 'ocr', 'voice']);
  }
  await old.close();
  await until('the old one is gone', async () => !(await schedulers()).includes('liveness'));
  deepEqual(await schedulers(), ['ocr', 'voice']);
  await young.schedule([aSchedule('ocr', 'observe', 60_000, 0)]);
  deepEqual(await schedulers(), ['ocr'], 'what is not wanted any more ends at once');
  await young.close();
});

queueContract('BullMQ', async () => {
  await admin.flushall();
  const clock = createClock({ wallMs: Date.now(), simMs: Date.UTC(2026, 0, 5, 10), speed: SPEED });
  const locks = { lockMs: 2_000, stalledMs: 1_000 };
  const runner = createBullQueue({ url: redis.socket, clock, locks, log: silentLog, ...PATIENT });
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
