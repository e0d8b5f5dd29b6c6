import { deepEqual, equal, ok } from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { Clock, JobHandler, JobRunner, Schedule } from '../../src/ports.js';

export interface QueueUnderTest {
  runner: JobRunner;
  clock: Pick<Clock, 'now'>;
  /** Lets time pass and jobs run until the condition holds; fails by name when it never does. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** Lets at least so much Muster time pass, and what is due in it run. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const MINUTE = 60_000;

/** What every queue promises: BullMQ's adapter and its simulated twin pass the same. */
export function queueContract(name: string, open: () => Promise<QueueUnderTest>): void {
  describe(`queue contract: ${name}`, () => {
    let under: QueueUnderTest;
    let runs: { job: string; data: unknown; slot: number | null; at: number }[];
    const record = (job: string, more: Partial<JobHandler> = {}): JobHandler => ({
      deadlineMs: 5_000,
      async run(data, { slot }) {
        runs.push({ job, data, slot, at: under.clock.now() });
      },
      ...more,
    });
    const work = (handlers: Record<string, JobHandler>) => under.runner.work(handlers, { concurrency: 5 });
    beforeEach(async () => {
      runs = [];
      under = await open();
    });
    afterEach(() => under.close());

    test('runs what was enqueued, with its data', async () => {
      await work({ evaluate: record('evaluate') });
      await under.runner.queue.enqueue('evaluate', { fleet: 'ocr', n: [1, null] });
      await under.until('one run', () => runs.length === 1);
      deepEqual(runs[0]?.data, { fleet: 'ocr', n: [1, null] });
      equal(runs[0]?.slot, null);
    });

    test('of many enqueued under one id while none runs, one runs, with the newest data', async () => {
      for (let n = 1; n <= 5; n += 1)
        await under.runner.queue.enqueue('evaluate', { n }, { dedupe: 'face-match' });
      await under.runner.queue.enqueue('evaluate', { n: 0 }, { dedupe: 'ocr' });
      await work({ evaluate: record('evaluate') });
      await under.until('two runs', () => runs.length >= 2);
      await under.pass(MINUTE);
      deepEqual(runs.map(({ data }) => (data as { n: number }).n).sort(), [0, 5]);
    });

    test('of many enqueued while one runs, one more runs after it, with the newest data', async () => {
      let first = true;
      let active = 0;
      let together = 0;
      await work({
        evaluate: record('evaluate', {
          async run(data) {
            active += 1;
            together = Math.max(together, active);
            if (first) {
              first = false;
              for (let n = 2; n <= 6; n += 1)
                await under.runner.queue.enqueue('evaluate', { n }, { dedupe: 'face-match' });
            }
            runs.push({ job: 'evaluate', data, slot: null, at: 0 });
            active -= 1;
          },
        }),
      });
      await under.runner.queue.enqueue('evaluate', { n: 1 }, { dedupe: 'face-match' });
      await under.until('two runs', () => runs.length >= 2);
      await under.pass(MINUTE);
      deepEqual(
        runs.map(({ data }) => (data as { n: number }).n),
        [1, 6],
      );
      equal(together, 1);
    });

    test('a delayed run waits for its time and keeps nobody from a run before it', async () => {
      await work({ converge: record('converge') });
      const start = under.clock.now();
      await under.runner.queue.enqueue('converge', 'later', { dedupe: 'ocr', delayMs: 30 * MINUTE });
      await under.runner.queue.enqueue('converge', 'later still', { dedupe: 'ocr', delayMs: 90 * MINUTE });
      await under.runner.queue.enqueue('converge', 'now', { dedupe: 'ocr' });
      await under.until('two runs', () => runs.length >= 2);
      deepEqual(
        runs.map(({ data }) => data),
        ['now', 'later'],
      );
      ok((runs[1]?.at ?? 0) >= start + 30 * MINUTE, 'the second waited');
    });

    test('of delayed runs of one id the earliest stays', async () => {
      await work({ converge: record('converge') });
      await under.runner.queue.enqueue('converge', 'long', { dedupe: 'ocr', delayMs: 20 * MINUTE });
      await under.runner.queue.enqueue('converge', 'short', { dedupe: 'ocr', delayMs: 2 * MINUTE });
      await under.pass(22 * MINUTE);
      await under.until('one run', () => runs.length >= 1);
      deepEqual(
        runs.map(({ data }) => data),
        ['short'],
      );
    });

    test('a failed run is tried again, and given up in the end', async () => {
      let tries = 0;
      await work({
        announce: record('announce', {
          attempts: 2,
          async run() {
            tries += 1;
            throw new Error('Slack said no');
          },
        }),
      });
      await under.runner.queue.enqueue('announce', {}, { dedupe: 'C1' });
      await under.until('two tries', () => tries === 2);
      await under.pass(5 * MINUTE);
      equal(tries, 2);
      await under.runner.queue.enqueue('announce', {}, { dedupe: 'C1' });
      await under.until('the id is free again', () => tries > 2);
    });

    test('a schedule fires once a slot, and says which slot it is', async () => {
      await work({ observe: record('observe'), evaluate: record('evaluate') });
      await under.runner.schedule([
        aSchedule('observe-ocr', 'observe', MINUTE, 0),
        aSchedule('evaluate-ocr', 'evaluate', 5 * MINUTE, 2 * MINUTE + 7_000),
      ]);
      const slots = (job: string) =>
        runs.filter((run) => run.job === job).map(({ slot }) => slot ?? Number.NaN);
      await under.until('runs', () => slots('observe').length >= 10 && slots('evaluate').length >= 1);
      equal(new Set(slots('observe')).size, slots('observe').length, 'no slot twice');
      ok(slots('observe').every((slot) => slot % MINUTE === 0));
      ok(slots('evaluate').every((slot) => slot % (5 * MINUTE) === 2 * MINUTE + 7_000));
      ok(
        runs.every(({ slot, at }) => slot !== null && at >= slot),
        'never before its time',
      );
    });

    test('a schedule that is no longer wanted ends, and a changed one changes', async () => {
      await work({ observe: record('observe') });
      await under.runner.schedule([
        aSchedule('a', 'observe', MINUTE, 0),
        aSchedule('b', 'observe', MINUTE, 0),
      ]);
      await under.until('both run', () => new Set(runs.map(({ data }) => data)).size === 2);
      await under.runner.schedule([aSchedule('b', 'observe', 2 * MINUTE, 1_000)]);
      const isNew = ({ data, slot }: (typeof runs)[number]) =>
        data === 'b' && (slot ?? 0) % (2 * MINUTE) === 1_000;
      await under.until('a run of the new one', () => runs.some(isNew));
      await under.pass(3 * MINUTE);
      const before = runs.length;
      await under.until('more runs', () => runs.length >= before + 3);
      ok(runs.slice(before).every(isNew));
    });
  });
}

export const aSchedule = (id: string, job: string, everyMs: number, offsetMs: number): Schedule => ({
  id,
  job,
  everyMs,
  offsetMs,
  data: id,
});
