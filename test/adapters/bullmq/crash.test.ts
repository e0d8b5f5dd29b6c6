import { equal, ok, rejects } from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { createBullQueue } from '../../../src/adapters/bullmq/queue.js';
import { createClock } from '../../../src/adapters/clock/clock.js';
import { OutsideError } from '../../../src/errors.js';
import type { JobHandler, JobRunner } from '../../../src/ports.js';
import { PATIENT, silentLog, startTestRedis, type TestRedis, until } from '../../support/redis.js';
import { anAnchor, LOCKS, MINUTE, type Run, SCHEDULES, spawnReplica, startReplica } from './replica.js';

let redis: TestRedis;
let open: JobRunner[];
beforeEach(async () => {
  open = [];
  redis = await startTestRedis();
});
afterEach(async () => {
  await Promise.all(open.map((runner) => runner.close()));
  await redis.stop();
});

const replica = async (anchor = anAnchor(), schedules: typeof SCHEDULES | null = null, answerMs?: number) => {
  const made = await startReplica(redis.socket, anchor, schedules, answerMs);
  open.push(made.runner);
  return made;
};
const enqueue = (runner: JobRunner, data: unknown) =>
  runner.queue.enqueue('evaluate', data, { dedupe: 'ocr' }).then(
    () => true,
    () => false,
  );

test('a job whose worker is killed is finished by another, and its id is free afterwards', async () => {
  const anchor = anAnchor();
  const doomed = spawnReplica(redis.socket, anchor, 'hang', '');
  const producer = createBullQueue({
    url: redis.socket,
    clock: createClock(anchor),
    locks: LOCKS,
    log: silentLog,
    ...PATIENT,
  });
  open.push(producer);
  await until('enqueued', () => enqueue(producer, 1));
  await until('it runs there', () => doomed.runs.length >= 1);
  ok(await enqueue(producer, 2), 'enqueued while it runs');
  await doomed.kill();
  const { runs } = await replica(anchor);
  await until('the other one ran it', () => runs.length >= 1);
  await until('and nothing newer is left', () => runs.at(-1)?.data === 2);
  ok(await enqueue(producer, 3));
  await until('a new job runs', () => runs.at(-1)?.data === 3);
});

test('a slot’s run without an id begins although the one before it was killed and its lock has not ended', async () => {
  const anchor = anAnchor();
  const locks = { lockMs: 60_000, stalledMs: 60_000 };
  const begun: (number | null)[] = [];
  const work = async (run: JobHandler['run']) => {
    const clock = createClock(anchor);
    const runner = createBullQueue({
      url: redis.socket,
      clock,
      locks,
      log: silentLog,
      graceMs: 100,
      ...PATIENT,
    });
    open.push(runner);
    await runner.work({ evaluate: { deadlineMs: 60_000, run } }, { concurrency: 2 });
    await runner.schedule(SCHEDULES.map((each) => ({ ...each, dedupe: null })));
  };
  // Two that never end hold all that the first replica may do, as the locks of a killed one do.
  await work(async (_data, { slot }) => {
    begun.push(slot);
    await new Promise(() => {});
  });
  await until('two have begun', () => begun.length === 2);
  await work(async (_data, { slot }) => void begun.push(slot));
  await until('the slots after them are run', () => begun.length >= 5);
  equal(new Set(begun).size, begun.length);
});

test('two replicas share one schedule: no slot twice, none lost', async () => {
  const anchor = anAnchor();
  const schedules = SCHEDULES.map((one) => ({ ...one, everyMs: 2 * MINUTE }));
  const [a, b] = await Promise.all([replica(anchor, schedules), replica(anchor, schedules)]);
  await until('a dozen slots', () => a.runs.length + b.runs.length >= 12);
  const slots = [...a.runs, ...b.runs].map(({ slot }) => slot ?? 0).sort((x, y) => x - y);
  equal(new Set(slots).size, slots.length);
  const steps = slots.slice(1).map((slot, i) => (slot - (slots[i] ?? 0)) / (2 * MINUTE));
  // Slots that pass while the machine stands still are skipped, as they should be.
  ok(steps.filter((step) => step === 1).length >= steps.length / 2, `steps of ${steps}`);
});

test('a schedule goes on when the replica that made it is killed again and again', async () => {
  const anchor = anAnchor();
  const { runs } = await replica(anchor, SCHEDULES);
  for (let round = 0; round < 3; round += 1) {
    const doomed = spawnReplica(redis.socket, anchor, 'run', 'schedule');
    await until('it takes part', () => doomed.runs.length >= 3);
    await doomed.kill();
    const after = runs.length;
    await until('the schedule goes on', () => runs.length >= after + 5);
  }
});

test('after everybody was away a schedule goes on with what is due now, without a burst', async () => {
  const anchor = anAnchor();
  const first = await startReplica(redis.socket, anchor, SCHEDULES);
  await until('it runs', () => first.runs.length >= 2);
  await first.runner.close();
  const clock = createClock(anchor);
  const away = clock.now() + 10 * MINUTE;
  await until('ten slots pass', () => clock.now() >= away);
  const { runs } = await replica(anchor, SCHEDULES);
  await until('it runs again', () => runs.length >= 4);
  const missed = runs.filter(({ slot }) => (slot ?? 0) < away);
  ok(missed.length <= 1, `${missed.length} missed slots ran`);
  noSlotTwice(runs);
});

test('while Redis is gone an enqueue fails at once, and workers go on when it is back', async () => {
  const anchor = anAnchor();
  const { runner, runs } = await replica(anchor, SCHEDULES);
  await until('it runs', () => runs.length >= 2);
  await redis.kill();
  for (let i = 0; i < 3; i += 1) {
    await rejects(
      runner.queue.enqueue('evaluate', 1, { dedupe: 'ocr' }),
      (error) => error instanceof OutsideError && error.peer === 'redis' && error.class === 'retry',
    );
  }
  await redis.start();
  const again = () =>
    runner.queue.enqueue('evaluate', 'again').then(
      () => true,
      () => false,
    );
  await until('an enqueue succeeds', again);
  await until('the job runs', () => runs.some(({ data }) => data === 'again'));
  const before = runs.length;
  await until('the schedule goes on', () => runs.length >= before + 3);
});

test('while Redis stands still an enqueue is given up', async () => {
  const { runner } = await replica();
  await until('it answers', () => enqueue(runner, 0));
  redis.freeze();
  try {
    await rejects(
      runner.queue.enqueue('evaluate', 1),
      (error) => error instanceof OutsideError && error.why === 'timeout',
    );
  } finally {
    redis.thaw();
  }
});

test('while Redis refuses writes workers wait without a storm though jobs wait, and go on when it takes them again', async () => {
  const clock = createClock(anAnchor());
  const runner = createBullQueue({
    url: redis.socket,
    clock,
    locks: LOCKS,
    log: silentLog,
    graceMs: 100,
    ...PATIENT,
  });
  open.push(runner);
  const admin = new Redis({ path: redis.socket, replyMapping: 'legacy' });
  try {
    let goOn = (): void => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const begun = new Set<unknown>();
    const run = (data: unknown) => {
      begun.add(data);
      return gate;
    };
    await runner.work({ evaluate: { deadlineMs: 60_000, run } }, { concurrency: 2 });
    await until('enqueued', () => enqueue(runner, 0));
    for (let n = 1; n < 6; n += 1) await runner.queue.enqueue('evaluate', n);
    await until('two run, four wait', () => begun.size === 2);
    await admin.config('SET', 'min-replicas-to-write', '1');
    const before = await commandsOf(admin);
    const since = Date.now();
    goOn();
    await rejects(runner.queue.enqueue('evaluate', 6), (error) => error instanceof OutsideError);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const storm = ((await commandsOf(admin)) - before) / ((Date.now() - since) / 1_000);
    ok(storm < 300, `${storm} commands a second`);
    await admin.config('SET', 'min-replicas-to-write', '0');
    await until('all ran', () => begun.size >= 6);
  } finally {
    admin.disconnect();
  }
});

test('what a process enqueues first of all is not lost while it still connects', async () => {
  const options = { url: redis.socket, clock: createClock(anAnchor()), locks: LOCKS, log: silentLog };
  const runner = createBullQueue({ ...options, ...PATIENT });
  open.push(runner);
  ok(await enqueue(runner, 1));
});

test('a queue may be made before Redis is there', async () => {
  await redis.kill();
  const { runner, runs } = await replica();
  equal(await enqueue(runner, 1), false);
  await redis.start();
  await until('an enqueue succeeds', () => enqueue(runner, 2));
  await until('the job runs', () => runs.length >= 1);
});

test('a run that exceeds its deadline is told to stop and fails by name', async () => {
  const failures: string[] = [];
  const log = { ...silentLog, warn: (fields: { error?: string }) => void failures.push(fields.error ?? '') };
  const runner = createBullQueue({ url: redis.socket, clock: createClock(anAnchor()), locks: LOCKS, log });
  open.push(runner);
  let aborted = 0;
  const run = (_: unknown, { signal }: { signal: AbortSignal }) => {
    signal.addEventListener('abort', () => {
      aborted += 1;
    });
    return new Promise<void>(() => {});
  };
  await runner.work({ evaluate: { deadlineMs: 50, attempts: 1, run } }, { concurrency: 1 });
  await until('enqueued', () => enqueue(runner, 1));
  await until('it is aborted', () => aborted >= 1);
  await until('it fails', () => failures.length >= 1);
  equal(failures[0], 'evaluate took longer than 50 ms');
});

test('closing aborts a run that does not end, and never hangs, with or without Redis', async () => {
  for (const gone of [false, true]) {
    const options = {
      url: redis.socket,
      clock: createClock(anAnchor()),
      locks: LOCKS,
      log: silentLog,
      graceMs: 200,
    };
    const runner = createBullQueue(options);
    let signal: AbortSignal | null = null;
    const run = (_: unknown, context: { signal: AbortSignal }) => {
      signal = context.signal;
      return new Promise<void>(() => {});
    };
    await runner.work({ evaluate: { deadlineMs: 60_000, run } }, { concurrency: 1 });
    await until('enqueued', () => enqueue(runner, gone));
    await until('it runs', () => signal !== null);
    if (gone) await redis.kill();
    await runner.close();
    equal((signal as AbortSignal | null)?.aborted, true);
  }
});

test('a slow kind of job keeps no other kind waiting', async () => {
  const runner = createBullQueue({
    url: redis.socket,
    clock: createClock(anAnchor()),
    locks: LOCKS,
    log: silentLog,
    graceMs: 100,
    ...PATIENT,
  });
  open.push(runner);
  let evaluated = 0;
  await runner.work(
    {
      announce: { deadlineMs: 60_000, run: () => new Promise<void>(() => {}) },
      evaluate: {
        deadlineMs: 1_000,
        async run() {
          evaluated += 1;
        },
      },
    },
    { concurrency: 1 },
  );
  await until('enqueued', () => enqueue(runner, 0));
  for (let i = 0; i < 20; i += 1) await runner.queue.enqueue('announce', i);
  for (let i = 0; i < 5; i += 1) await runner.queue.enqueue('evaluate', i);
  await until('all evaluated', () => evaluated >= 6);
});

test('finished jobs do not pile up', async () => {
  const { runner, runs } = await replica(anAnchor(), null, PATIENT.answerMs);
  await until('enqueued', () => enqueue(runner, 0));
  for (let i = 0; i < 300; i += 1) await runner.queue.enqueue('evaluate', i);
  await until('all ran', () => runs.length >= 301);
  const admin = new Redis({ path: redis.socket, replyMapping: 'legacy' });
  await until('few are kept', async () => (await admin.zcard('{muster}:evaluate:completed')) <= 50);
  admin.disconnect();
});

async function commandsOf(admin: Redis): Promise<number> {
  return Number(/total_commands_processed:(\d+)/.exec(await admin.info('stats'))?.[1]);
}

function noSlotTwice(runs: Run[]): void {
  const slots = runs.map(({ slot }) => slot);
  equal(new Set(slots).size, slots.length, `slots ${slots}`);
}
