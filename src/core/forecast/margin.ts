/**
 * Room for the forecast's error, from its own past errors: the quantile of (highest minute within the horizon) /
 * (forecast), as in conformal prediction. Errors at this time of day count most, then those of the last hours, where
 * the forecaster may just be in trouble; a few made-up ones stand in while there is no history.
 */
import type { Millis } from '../model.js';
import { slotOf } from './history.js';
import { RATIO_LEVELS, ratioLevelAt } from './packed.js';
import { SLOTS_A_DAY, type Track } from './state.js';

/** A bad forecaster cannot run up the bill further than this. */
export const LEAST_MARGIN = 0.5;
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
const BIN_OF_LEVEL = RATIO_LEVELS.map(binOf);

/** The factor that this share of horizons stayed within. */
export function quantileMargin(past: Track, now: Millis, quantile: number): number {
  const { weights, total } = recall(past, now);
  let below = 0;
  for (let bin = 0; bin < BINS; bin++) {
    below += weights[bin]!;
    if (below >= quantile * total) return clamped(ratioOf(bin));
  }
  return MOST_MARGIN;
}

const clamped = (margin: number): number => Math.min(MOST_MARGIN, Math.max(LEAST_MARGIN, margin));

/** The past ratios by bin, weighted by how much they say about `now`. */
function recall(past: Track, now: Millis): { weights: Float64Array; total: number } {
  const weights = new Float64Array(BINS);
  let total = 0;
  for (const ratio of PRIOR) weights[binOf(ratio)]! += PRIOR_WEIGHT;
  total += PRIOR.length * PRIOR_WEIGHT;
  const current = slotOf(now);
  const kept = past.ratios.length;
  for (let age = 1; age < kept; age++) {
    const level = ratioLevelAt(past.ratios, (current - age) % kept);
    if (level < 0) continue;
    const offDay = age % SLOTS_A_DAY;
    const near = Math.min(offDay, SLOTS_A_DAY - offDay) <= NEAR_SLOTS && age > RECENT_SLOTS;
    const weight = near ? NEAR_WEIGHT : age <= RECENT_SLOTS ? RECENT_WEIGHT : BASE_WEIGHT;
    weights[BIN_OF_LEVEL[level]!]! += weight;
    total += weight;
  }
  return { weights, total };
}
