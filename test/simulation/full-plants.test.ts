import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { runWhole } from '../../src/simulation/whole/run.js';
import { fullPlants } from './full-plants.js';

/** A planted bug must show within so many full days. */
const SEEDS = 2;

for (const { bug, plant, seed: first, caughtBy, hours = 8 } of fullPlants)
  test(`a full day catches an app that ${bug}`, async () => {
    const found: string[] = [];
    for (let seed = first; seed < first + SEEDS; seed += 1) {
      const { broken } = await runWhole({ seed, days: hours / 24, full: true, plant, stopAt: [caughtBy] });
      if (broken.some(({ invariant }) => invariant === caughtBy)) return;
      found.push(...broken.map(({ invariant }) => invariant));
    }
    ok(false, `none of ${SEEDS} seeds broke ${caughtBy}, but: ${found.join(', ')}`);
  });
