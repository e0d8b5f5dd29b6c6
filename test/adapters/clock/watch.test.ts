import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { createBullQueue } from '../../../src/adapters/bullmq/queue.js';
import { createClock } from '../../../src/adapters/clock/clock.js';
import { createClockWatch } from '../../../src/adapters/clock/watch.js';
import { createRedisStore } from '../../../src/adapters/redis/store.js';
import { readiness } from '../../../src/health.js';
import { PATIENT, startTestRedis } from '../../support/redis.js';

const HOUR = 3_600_000;
const LOCKS = { lockMs: 2_000, stalledMs: 500, leaseMs: 2_000 };

/** A replica's watch on a machine whose clock is `skew.ms` off. */
function aWatch(redisNow: () => Promise<number>, queue?: { rest(): Promise<void>; goOn(): Promise<void> }) {
  const skew = { ms: 0 };
  const told: string[] = [];
  const say = (level: string) => (_fields: object, message: string) => void told.push(`${level}: ${message}`);
  const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  const acts = { rest: async () => void told.push('rests'), goOn: async () => void told.push('goes on') };
  const machineNow = () => Date.now() + skew.ms;
  const watch = createClockWatch({ machineNow, redisNow, log, ...(queue ?? acts) });
  return { watch, skew, told };
}

test('a clock that is a little off is said once; one that is a minute off rests until it is right', async () => {
  const { watch, skew, told } = aWatch(async () => Date.now());
  equal(await watch.look(), true);
  skew.ms = 20_000;
  equal(await watch.look(), true);
  await watch.look();
  skew.ms = -HOUR;
  equal(await watch.look(), false);
  await watch.look();
  match(watch.problem() ?? '', /^This machine's clock is 3600 s behind Redis's\.$/);
  skew.ms = 0;
  equal(await watch.look(), true);
  equal(watch.problem(), null);
  deepEqual(told, [
    "warn: this machine's clock is 20 s ahead of Redis's",
    "error: this machine's clock is 3600 s behind Redis's: it leaves all work to other replicas",
    'rests',
    'info: the clock of this machine is right again: it takes work',
    'goes on',
  ]);
});

test('a Redis that does not answer, or late, is no skew; who rests goes on resting', async () => {
  let answer = async (): Promise<number> => Date.now() - HOUR;
  const { watch } = aWatch(() => answer());
  equal(await watch.look(), false);
  answer = () => Promise.reject(new Error('away'));
  equal(await watch.look(), false);
  let now = 0;
  const slow = createClockWatch({
    machineNow: () => now,
    redisNow: async () => {
      now += 90_000;
      return 45_000;
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    ...{ rest: async () => {}, goOn: async () => {} },
  });
  equal(await slow.look(), true);
});

test('a replica an hour ahead takes no job, /readyz says why, the others do the work, and it comes back', async () => {
  const redis = await startTestRedis();
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const store = await createRedisStore({ url: redis.socket, log, ...PATIENT });
  const clock = createClock(null);
  const replica = () => createBullQueue({ url: redis.socket, clock, locks: LOCKS, log, ...PATIENT });
  const [wrong, right] = [replica(), replica()];
  try {
    const ran: string[] = [];
    let heard = (): void => {};
    const handlers = (name: string) => ({
      look: {
        deadlineMs: 5_000,
        run: async () => {
          ran.push(name);
          heard();
        },
      },
    });
    const one = (): Promise<void> => new Promise((resolve) => (heard = resolve));
    const { watch, skew } = aWatch(store.time, wrong);
    skew.ms = HOUR;
    equal(await watch.look(), false);
    await Promise.all([wrong.schedule([]), right.schedule([])]);
    await wrong.work(handlers('wrong'), { concurrency: 1 });
    await right.work(handlers('right'), { concurrency: 1 });
    for (let n = 0; n < 3; n += 1) {
      const done = one();
      await right.queue.enqueue('look', { n });
      await done;
    }
    deepEqual(ran, ['right', 'right', 'right']);
    const { status, body } = await readiness(store, clock, [], 0, watch.problem());
    equal(status, 503);
    match(body.problems.join(), /This machine's clock is (359\d|360\d) s ahead of Redis's/);
    skew.ms = 0;
    equal(await watch.look(), true);
    await right.rest();
    const back = one();
    await wrong.queue.enqueue('look', { n: 3 });
    await back;
    equal(ran.at(-1), 'wrong');
    skew.ms = -HOUR;
    await watch.look();
    await right.goOn();
    for (let n = 4; n < 7; n += 1) {
      const done = one();
      await right.queue.enqueue('look', { n });
      await done;
    }
    deepEqual(ran.slice(4), ['right', 'right', 'right']);
    skew.ms = 0;
    await watch.look();
    equal((await readiness(store, clock, [], 0, watch.problem())).status, 200);
  } finally {
    await Promise.all([wrong.close(), right.close()]);
    await store.close();
    await redis.stop();
  }
});
