import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { Broken } from '../../src/simulation/whole/run.js';

const SEEDS = 200;
const THREADS = 2;
const YOUNG_MB = 96;
/** So that other seeds than those of the planted bugs and the stories are met. */
const FIRST = 1_000;

test(`every invariant holds on ${SEEDS} one-day seeds`, async () => {
  const seeds = Array.from({ length: SEEDS }, (_, n) => FIRST + n);
  const shares = Array.from({ length: THREADS }, (_, n) => seeds.filter((seed) => seed % THREADS === n));
  const days = (await Promise.all(shares.map(runDays))).flat();
  equal(days.length, SEEDS);
  const broken = days.filter((day) => day.broken.length > 0);
  deepEqual(broken, [], 'replay one with: muster simulate --seed N --days 1 --log');
});

interface Day {
  seed: number;
  broken: Broken[];
}

function runDays(seeds: number[]): Promise<Day[]> {
  return new Promise((resolve, reject) => {
    const days: Day[] = [];
    const worker = new Worker(new URL('./days-worker.js', import.meta.url), {
      workerData: { seeds },
      // A day makes much that lives for a moment: with more room for it less is collected, and that is cheaper.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.on('message', ({ seed, broken }: Day) => days.push({ seed, broken }));
    worker.on('error', reject);
    worker.on('exit', () => resolve(days));
  });
}
