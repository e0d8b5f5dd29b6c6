/** The forecast of a decision: the highest rate expected within the horizon, its margin, and who said what. */
import type { Memory } from '../memory.js';
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import { quantiles } from '../presets.js';
import { type Voter, vote } from './combine.js';
import { horizonOf } from './forecaster.js';
import { quantileMargin } from './margin.js';
import { capped, highUntilNear } from './near.js';
import type { ForecastState } from './state.js';

export interface Forecast {
  from: Millis;
  to: Millis;
  /** Highest rate expected within [from, to], requests per second; null before the first known minute. */
  expected: number | null;
  /** The rate to be sized for: the near forecast's or the horizon's with its margin, whichever is higher. */
  high: number | null;
  /** Factor from `expected` to `high`. */
  margin: number;
  voters: Voter[];
}

/**
 * For the horizon of a cycle decision at `now`: [now + startup, now + cycle + startup]. What lies further in it than a
 * start-up can still be bought by the guard when it comes near, so a preset chooses how much of it is bought now.
 */
export function forecast(state: ForecastState, now: Millis, policy: Policy): Forecast {
  const from = now + policy.startupSeconds * 1_000;
  const to = from + policy.cycleSeconds * 1_000;
  const { horizon, near, room } = quantiles(policy);
  const { combined, voters } = vote(state, state.cycle, horizonOf(now, from, to));
  const ahead =
    combined === null
      ? null
      : capped(combined * quantileMargin(state.cycle, now, horizon), combined, state.near);
  const soon = highUntilNear(state.near, now, near, room);
  const high = ahead === null && soon === null ? null : Math.max(ahead ?? 0, soon ?? 0);
  const margin = high === null || combined === null || combined <= 0 ? 1 : high / combined;
  return { from, to, expected: combined, high, margin, voters };
}

/** Expected and high rate along the horizon and a little further, for charts. */
export function forecastCurve(
  memory: Memory,
  now: Millis,
  policy: Policy,
): { at: Millis; mean: number; high: number }[] {
  const end = now + (policy.startupSeconds + 2 * policy.cycleSeconds) * 1_000;
  const factor = quantileMargin(memory.forecast.cycle, now, quantiles(policy).near);
  const step = (end - now) / 12;
  return Array.from({ length: 13 }, (_, i) => now + i * step).flatMap((at) => {
    const { combined } = vote(memory.forecast, memory.forecast.cycle, horizonOf(now, at, at));
    return combined === null ? [] : [{ at, mean: combined, high: combined * factor }];
  });
}
