import { test } from 'node:test';
import { runSeed } from './rollout-seed.js';

/** A second of work each; more of them are a matter of patience. */
const SEEDS = 5;

for (let seed = 1; seed <= SEEDS; seed += 1)
  test(`seed ${seed}: no second node before the golden one, one lock holder, no cut, an end that leaves nothing behind`, () =>
    runSeed(seed));
