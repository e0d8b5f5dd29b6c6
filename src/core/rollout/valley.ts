import { assess } from '../assess.js';
import type { Millis, Seen } from '../model.js';
import { cycleStart, type Policy } from '../policy.js';

/** How far ahead a valley is looked for, in cycles. */
const VALLEY_CYCLES = 36;

/** The first cycle within half a day that is foreseen to need less; null: none, or nothing is foreseen. */
export function valleyOf(policy: Policy, seen: Seen, need: number): Millis | null {
  const cycleMs = policy.cycleSeconds * 1_000;
  for (let ahead = 1; ahead <= VALLEY_CYCLES; ahead += 1) {
    // At the cycle's own start: the hour that is said must not move with each look.
    const then = cycleStart(seen.now, policy) + ahead * cycleMs;
    const { needForecast } = assess({ ...seen, now: then, sample: null }, policy, need).numbers;
    if (needForecast === null) return null;
    if (needForecast < need) return then;
  }
  return null;
}
