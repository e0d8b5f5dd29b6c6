/** The forecast of a decision: the highest rate expected within the horizon, its margin, and who said what. */
import type { Memory } from '../memory.js';
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import { marginQuantile } from '../presets.js';
import { type Voter, vote } from './combine.js';
import { horizonOf } from './forecaster.js';
import { margin } from './margin.js';
import type { ForecastState } from './state.js';

export interface Forecast {
  from: Millis;
  to: Millis;
  /** Highest rate expected within [from, to], requests per second; null before the first known minute. */
  expected: number | null;
  /** `expected` with its margin: the rate to be sized for. */
  high: number | null;
  margin: number;
  quantile: number;
  voters: Voter[];
}

/** For the horizon of a cycle decision at `now`: [now + startup, now + cycle + startup]. */
export function forecast(state: ForecastState, now: Millis, policy: Policy): Forecast {
  const from = now + policy.startupSeconds * 1_000;
  const to = from + policy.cycleSeconds * 1_000;
  const quantile = marginQuantile(policy);
  const { combined, voters } = vote(state, horizonOf(now, from, to));
  const factor = margin(state, now, quantile);
  return {
    from,
    to,
    expected: combined,
    high: combined === null ? null : combined * factor,
    margin: factor,
    quantile,
    voters,
  };
}

/** Expected and high rate along the horizon and a little further, for charts. */
export function forecastCurve(
  memory: Memory,
  now: Millis,
  policy: Policy,
): { at: Millis; mean: number; high: number }[] {
  const end = now + (policy.startupSeconds + 2 * policy.cycleSeconds) * 1_000;
  const factor = margin(memory.forecast, now, marginQuantile(policy));
  const step = (end - now) / 12;
  return Array.from({ length: 13 }, (_, i) => now + i * step).flatMap((at) => {
    const { combined } = vote(memory.forecast, horizonOf(now, at, at));
    return combined === null ? [] : [{ at, mean: combined, high: combined * factor }];
  });
}
