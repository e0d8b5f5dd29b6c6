/** The forecast of a decision: the highest rate expected within the horizon, its margin, and who said what. */
import type { Memory } from '../memory.js';
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import { latePrice } from '../presets.js';
import { type Voter, vote } from './combine.js';
import { horizonOf } from './forecaster.js';
import { pricedMargin, quantileMargin } from './margin.js';
import type { ForecastState } from './state.js';

export interface Forecast {
  from: Millis;
  to: Millis;
  /** Highest rate expected within [from, to], requests per second; null before the first known minute. */
  expected: number | null;
  /** `expected` with its margin: the rate to be sized for. */
  high: number | null;
  margin: number;
  /** Share of past horizons that this margin would have covered. */
  quantile: number;
  voters: Voter[];
}

/** For the horizon of a cycle decision at `now`: [now + startup, now + cycle + startup]. */
export function forecast(state: ForecastState, now: Millis, policy: Policy): Forecast {
  const from = now + policy.startupSeconds * 1_000;
  const to = from + policy.cycleSeconds * 1_000;
  const { combined, voters } = vote(state, state.cycle, horizonOf(now, from, to));
  const { margin: factor, quantile } = pricedMargin(state.cycle, now, latePrice(policy));
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

/** How long after the start-up the guard looks. */
export const GUARD_REACH_MS = 300_000;

/** For the guard: the first minutes in which a worker that is asked for now can serve. */
export function shortForecast(
  state: ForecastState,
  now: Millis,
  policy: Policy,
  quantile: number,
): { expected: number; high: number } | null {
  const from = now + policy.startupSeconds * 1_000;
  const { combined } = vote(state, state.guard, horizonOf(now, from, from + GUARD_REACH_MS));
  if (combined === null) return null;
  return { expected: combined, high: combined * quantileMargin(state.guard, now, quantile) };
}

/** Expected and high rate along the horizon and a little further, for charts. */
export function forecastCurve(
  memory: Memory,
  now: Millis,
  policy: Policy,
): { at: Millis; mean: number; high: number }[] {
  const end = now + (policy.startupSeconds + 2 * policy.cycleSeconds) * 1_000;
  const { margin: factor } = pricedMargin(memory.forecast.cycle, now, latePrice(policy));
  const step = (end - now) / 12;
  return Array.from({ length: 13 }, (_, i) => now + i * step).flatMap((at) => {
    const { combined } = vote(memory.forecast, memory.forecast.cycle, horizonOf(now, at, at));
    return combined === null ? [] : [{ at, mean: combined, high: combined * factor }];
  });
}
