import type { Millis } from '../model.js';
import type { ForecastState } from './state.js';

/** The stretch of time a forecast is for, with the instants at which it is looked at. */
export interface Horizon {
  now: Millis;
  from: Millis;
  to: Millis;
  points: Millis[];
}

/** One way to foresee: the highest rate expected at the horizon's points, requests per second; null when it cannot say. */
export interface Forecaster {
  name: string;
  peak(state: ForecastState, horizon: Horizon): number | null;
}

export function horizonOf(now: Millis, from: Millis, to: Millis): Horizon {
  const steps = Math.max(1, Math.min(24, Math.ceil((to - from) / 600_000)));
  const points = Array.from({ length: steps + 1 }, (_, i) => from + ((to - from) * i) / steps);
  return { now, from, to, points };
}

/** The largest of what is known at the points. */
export function highest(horizon: Horizon, at: (time: Millis) => number | null): number | null {
  let most: number | null = null;
  for (const point of horizon.points) {
    const value = at(point);
    if (value !== null && (most === null || value > most)) most = value;
  }
  return most;
}
