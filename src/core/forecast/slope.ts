import type { Millis } from '../model.js';
import { type Forecaster, type Horizon, highest } from './forecaster.js';
import { slotOf, slotRate } from './history.js';
import { type ForecastState, SLOT_MS } from './state.js';

const SLOTS = 4;
/** The trend's weight falls to this share each 20 minutes: undamped trends lose to the last value on recorded traffic. */
const DAMPING = 0.3;

/** The case study's rule: the straight line through the last 40 minutes. */
export const slope: Forecaster = {
  name: 'slope',
  peak: (state, horizon) => extrapolate(state, horizon, (ahead) => ahead),
};

/** The same line, trusted less the further it reaches. */
export const dampedSlope: Forecaster = {
  name: 'damped slope',
  peak: (state, horizon) => {
    const rate = -Math.log(DAMPING) / 1_200_000;
    return extrapolate(state, horizon, (ahead) => (1 - Math.exp(-rate * ahead)) / rate);
  },
};

function extrapolate(
  state: ForecastState,
  horizon: Horizon,
  reach: (ahead: Millis) => number,
): number | null {
  const level = state.level?.fast;
  const perMs = trend(state, horizon.now);
  if (level === undefined || perMs === null) return null;
  return highest(horizon, (at) => Math.min(3 * level, Math.max(0, level + perMs * reach(at - horizon.now))));
}

/** Least-squares slope of the last finished slots and the level now, requests per second per millisecond. */
function trend(state: ForecastState, now: Millis): number | null {
  const level = state.level?.fast;
  if (level === undefined) return null;
  let n = 1;
  let sumX = 0;
  let sumY = level;
  let sumXX = 0;
  let sumXY = 0;
  const current = slotOf(now);
  for (let i = 1; i <= SLOTS; i++) {
    const y = slotRate(state, current - i);
    if (y === null) continue;
    const x = (current - i + 0.5) * SLOT_MS - now;
    n += 1;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  }
  if (n < 3) return null;
  const spread = n * sumXX - sumX * sumX;
  return spread === 0 ? null : (n * sumXY - sumX * sumY) / spread;
}
