/**
 * Room for the forecast's error, from its own past errors: the quantile of (highest minute within the horizon) /
 * (forecast), as in conformal prediction. Errors at this time of day count most, then those of the last hours, where
 * the forecaster may just be in trouble; a few made-up ones stand in while there is no history.
 */
import type { Millis } from '../model.js';
import { slotOf } from './history.js';
import { valueAt } from './packed.js';
import { type ForecastState, RATIO_SLOTS, SLOTS_A_DAY } from './state.js';

/** A bad forecaster cannot run up the bill further than this. */
export const LEAST_MARGIN = 0.8;
export const MOST_MARGIN = 3;

/** What ratios look like on traffic nobody has seen yet, with the weight of eight observations. */
const PRIOR = [0.9, 0.97, 1, 1.03, 1.06, 1.1, 1.18, 1.35];
const PRIOR_WEIGHT = 1;

const NEAR_SLOTS = 9;
const RECENT_SLOTS = 18;
const BASE_WEIGHT = 0.15;
const NEAR_WEIGHT = 1;
const RECENT_WEIGHT = 0.7;

/** Ratios fall in bins of 1 % between 0.5 and 4; a counting sort keeps a decision cheap. */
const BINS = 210;
const binOf = (ratio: number): number =>
  Math.max(0, Math.min(BINS - 1, Math.ceil(Math.log(ratio / 0.5) * 100)));
const ratioOf = (bin: number): number => 0.5 * Math.exp(bin / 100);

export function margin(state: ForecastState, now: Millis, quantile: number): number {
  const weights = new Float64Array(BINS);
  let total = 0;
  const add = (ratio: number, weight: number): void => {
    const bin = binOf(ratio);
    weights[bin]! += weight;
    total += weight;
  };
  for (const ratio of PRIOR) add(ratio, PRIOR_WEIGHT);
  const current = slotOf(now);
  for (let age = 1; age < RATIO_SLOTS; age++) {
    const ratio = valueAt(state.ratios, (current - age) % RATIO_SLOTS);
    if (ratio === null) continue;
    const offDay = age % SLOTS_A_DAY;
    const near = Math.min(offDay, SLOTS_A_DAY - offDay) <= NEAR_SLOTS && age > RECENT_SLOTS;
    add(ratio, near ? NEAR_WEIGHT : age <= RECENT_SLOTS ? RECENT_WEIGHT : BASE_WEIGHT);
  }
  let below = 0;
  for (let bin = 0; bin < BINS; bin++) {
    below += weights[bin]!;
    if (below >= quantile * total) return Math.min(MOST_MARGIN, Math.max(LEAST_MARGIN, ratioOf(bin)));
  }
  return MOST_MARGIN;
}
