import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { runWhole } from '../../src/simulation/whole/run.js';
import { plants } from './plants.js';

/** A planted bug must show within so many one-day seeds. */
const SEEDS = 8;

for (const { bug, caughtBy, plant } of plants)
  test(`catches an app that ${bug}`, async () => {
    const caught = await firstCaught(plant, caughtBy);
    ok(caught !== null, `none of ${SEEDS} seeds broke ${caughtBy.join(' or ')}`);
  });

async function firstCaught(plant: (typeof plants)[number]['plant'], by: string[]): Promise<number | null> {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { broken } = await runWhole({ seed, days: 1, plant, stopAt: by });
    if (broken.some(({ invariant }) => by.includes(invariant))) return seed;
  }
  return null;
}
