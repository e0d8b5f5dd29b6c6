import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { simulatedFleet } from '../../src/simulation/whole/fleets.js';
import { planOf } from '../../src/simulation/whole/plan.js';
import { runWhole, START, type WholeSpec } from '../../src/simulation/whole/run.js';
import { type Plant, plants } from './plants.js';

/** A planted bug must show within so many one-day seeds. */
const SEEDS = 3;
const HOUR = 3_600_000;

for (const one of plants)
  test(`catches an app that ${one.bug}`, async () => {
    for (let seed = one.seed; seed < one.seed + SEEDS; seed += 1) {
      const { broken } = await runWhole({ ...dayOf(one, seed), plant: one.plant, stopAt: one.caughtBy });
      if (broken.some(({ invariant }) => one.caughtBy.includes(invariant))) return;
    }
    ok(false, `none of ${SEEDS} seeds broke ${one.caughtBy.join(' or ')}`);
  });

for (const one of plants.filter(({ knobs }) => knobs !== undefined))
  test(`the same days are well without it: an app that ${one.bug}`, async () => {
    const { broken } = await runWhole(dayOf(one, one.seed));
    ok(broken.length === 0, JSON.stringify(broken));
  });

function dayOf({ knobs, ill }: Plant, seed: number): WholeSpec {
  if (knobs === undefined) return { seed, days: 1 };
  const fleets = [simulatedFleet('face', { firstContactCycles: 0, ...knobs })];
  const plan = planOf(seed, fleets, START, START + 24 * HOUR);
  if (ill === undefined) return { seed, days: 1, fleets, plan };
  const { peer, illness, hours } = ill;
  const windows = hours.map(([from, until]) => ({
    ...{ peer, illness, fleet: null },
    from: START + from * HOUR,
    until: START + until * HOUR,
  }));
  return { seed, days: 1, fleets, plan: { ...plan, windows } };
}
