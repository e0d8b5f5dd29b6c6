import { type Forecaster, highest } from './forecaster.js';
import { daysBefore, halfHourBefore, rateAt } from './history.js';
import { DAY_MS, type ForecastState } from './state.js';

/** The same time yesterday. */
export const yesterday: Forecaster = {
  name: 'yesterday',
  peak: (state, horizon) => highest(horizon, (at) => rateAt(state, daysBefore(at, 1, horizon.now))),
};

/** The same time a week ago, once there is one. */
export const lastWeek: Forecaster = {
  name: 'last week',
  peak: (state, horizon) => {
    const at = horizon.points.map((point) => daysBefore(point, 7, horizon.now));
    const correction = levelRatio(state, horizon.now, 7);
    if (correction === null) return null;
    return highest({ ...horizon, points: at }, (time) => scaled(rateAt(state, time), correction));
  },
};

/** The shape of yesterday at the level of today. */
export const correctedYesterday: Forecaster = {
  name: 'yesterday at today’s level',
  peak: (state, horizon) => {
    const correction = levelRatio(state, horizon.now, 1);
    if (correction === null) return null;
    return highest(horizon, (at) => scaled(rateAt(state, daysBefore(at, 1, horizon.now)), correction));
  },
};

const scaled = (rate: number | null, by: number): number | null => (rate === null ? null : rate * by);

/** Demand now over demand at this time `days` days ago, kept within a factor of four. */
export function levelRatio(state: ForecastState, now: number, days: number): number | null {
  const then = halfHourBefore(state, now - days * DAY_MS + 900_000);
  if (then === null || then <= 0 || state.level === null) return null;
  return Math.min(4, Math.max(0.25, state.level.fast / then));
}
