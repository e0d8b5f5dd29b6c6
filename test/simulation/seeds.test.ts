import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { runWhole } from '../../src/simulation/whole/run.js';

/** Seeds that failed once, and what they found. */
const FOUND: Record<number, string> = {
  2: 'in advise mode the guard gave the same advice again each minute',
  4: 'two senders of one channel posted a message twice',
};

for (const [seed, what] of Object.entries(FOUND))
  test(`seed ${seed} holds: ${what}`, async () => {
    const { broken } = await runWhole({ seed: Number(seed), days: 1 });
    deepEqual(broken, []);
  });
