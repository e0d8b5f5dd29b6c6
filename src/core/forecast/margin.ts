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

/**
 * The factor at which one more percent of workers would spare too few late requests to be worth it, and the share of
 * horizons that stayed within it. `latePrice` is how many times the cost of a cycle's workers its requests are worth
 * when all of them are late. So predictable hours get a high quantile for little, wild ones a lower one: a fixed
 * quantile would buy the dearest room where it spares least.
 */
export function pricedMargin(
  past: Track,
  now: Millis,
  latePrice: number,
): { margin: number; quantile: number } {
  const { weights, total } = recall(past, now);
  // From the top down: the weight above a bin, and the late share that it stands for.
  let above = 0;
  let excess = 0;
  let best = { cost: Infinity, margin: MOST_MARGIN, above: 0 };
  for (let bin = BINS - 1; bin >= 0; bin--) {
    excess += above / 100;
    const late = above * LATE_AT_ONCE + excess * LATE_PER_EXCESS;
    const margin = ratioOf(bin - SLACK_BINS);
    const cost = margin + (latePrice * late) / total;
    if (cost < best.cost) best = { cost, margin, above };
    above += weights[bin]!;
  }
  return { margin: clamped(best.margin), quantile: 1 - best.above / total };
}

/** Share of a cycle's requests that are late when its highest minute passes the capacity: at once, and per e-fold. */
const LATE_AT_ONCE = 0.03;
const LATE_PER_EXCESS = 0.7;
/** An excess of 3 % for a minute is still absorbed by the queue. */
const SLACK_BINS = 3;

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
