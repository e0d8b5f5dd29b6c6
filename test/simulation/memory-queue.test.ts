import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { Crashed, createMemoryQueue } from '../../src/simulation/memory-queue.js';
import { aSchedule, queueContract } from '../contracts/queue.js';

const START = Date.UTC(2026, 0, 5, 10, 0, 30);

queueContract('in memory', async () => {
  let now = START;
  const clock = { now: () => now };
  const runner = createMemoryQueue(clock);
  const step = async (end: number): Promise<boolean> => {
    await runner.settle(1_000);
    const next = runner.nextAt();
    if (next === null || next > end) return false;
    now = Math.max(now, next);
    return true;
  };
  return {
    runner,
    clock,
    async until(what, holds) {
      const end = now + 24 * 3_600_000;
      while (!holds()) if (!(await step(end)) && !holds()) throw new Error(`never: ${what}`);
    },
    async pass(ms) {
      const end = now + ms;
      while (await step(end));
      now = end;
      await runner.settle();
    },
    async close() {},
  };
});

test('a crash runs the job again without counting an attempt', async () => {
  let now = START;
  const queue = createMemoryQueue({ now: () => now });
  let tries = 0;
  const run = async () => {
    tries += 1;
    if (tries < 5) throw new Crashed('kill -9');
  };
  await queue.work({ converge: { deadlineMs: 1, attempts: 1, run } }, { concurrency: 1 });
  await queue.queue.enqueue('converge', {}, { dedupe: 'ocr' });
  const outcomes: string[] = [];
  for (let i = 0; i < 6; i += 1) {
    outcomes.push(...(await queue.settle()).map(({ outcome }) => outcome));
    now += 60_000;
  }
  deepEqual(outcomes, ['crashed', 'crashed', 'crashed', 'crashed', 'done']);
});

test('a job may be delivered twice', async () => {
  const queue = createMemoryQueue({ now: () => START });
  const seen: unknown[] = [];
  const handler = (job: string) => ({
    deadlineMs: 1,
    run: async (data: unknown) => void seen.push([job, data]),
  });
  await queue.work({ converge: handler('converge'), observe: handler('observe') }, { concurrency: 1 });
  let once = true;
  queue.deliverTwice((job) => {
    const wanted = job === 'converge' && once;
    if (wanted) once = false;
    return wanted;
  });
  await queue.queue.enqueue('converge', 1);
  await queue.queue.enqueue('observe', 2);
  await queue.settle();
  deepEqual(seen, [
    ['converge', 1],
    ['observe', 2],
    ['converge', 1],
  ]);
});

test('after a long standstill a schedule goes on with the next slot, without a burst', async () => {
  let now = START;
  const queue = createMemoryQueue({ now: () => now });
  const slots: unknown[] = [];
  await queue.work(
    { observe: { deadlineMs: 1, run: async (_, { slot }) => void slots.push(slot) } },
    { concurrency: 1 },
  );
  await queue.schedule([aSchedule('a', 'observe', 60_000, 0)]);
  now = START + 30_000 + 3_600_000;
  await queue.settle();
  equal(slots.length, 1);
  now += 60_000;
  await queue.settle();
  equal(slots.length, 2);
  equal(slots[1], START + 30_000 + 3_600_000 + 60_000);
});
