/**
 * The near forecast: the one minute in which a worker that is asked for now begins to serve. It is made anew each minute
 * and each one is judged when its minute has come, so that its voters' weights and its margin follow today's traffic.
 *
 * All errors are measured on square roots of rates: there, requests that come by chance have the same spread at any level
 * (Anscombe's transform), so that a margin learnt at noon also fits the night. The margin is conformal: the quantile of
 * past errors divided by the spread that was believed when they were made.
 */
import type { Millis } from '../model.js';
import { rateAt } from './history.js';
import { DAY_MS, type ForecastState, type NearPending, type NearState } from './state.js';

const MINUTE = 60_000;
/** Voters: the level smoothed over so many minutes, as it is and carried along the shape of past days, and a damped trend. */
const SPANS = [2, 4, 8, 16, 40];
/** Before any voter was judged, the plain level over four minutes speaks alone; levels and shapes alternate. */
const UNTRIED = 2;
const SHAPE_DAYS = [1, 2, 3, 7];
const OPENING_DAYS = [1, 2, 3];
const OPENING_TRUST = 0.9;
/** Slots of ten minutes smear a jump over that long: the level before it lies further back. */
const OPENING_LOOK_BACK = 12 * MINUTE;
const LEAST_SHAPE = 0.4;
const MOST_SHAPE = 2.5;
const TREND = { level: 0.35, slope: 0.12, damping: 0.9 };

/** Weight of a voter: 1 / variance^3, over about two hours. */
const SHARPNESS = 3;
const ERROR_MEMORY = 120;
/** A jump counts as an error of so many spreads at the most, or one flash crowd would silence the best voter for hours. */
const MOST_ERROR = 5;
const MOST_DROP = 3;
/** The spread: half by the last half hour, half by the last eight. */
const SPREAD_MEMORY = [30, 500] as const;
/** The first guess of it counts as so many minutes. */
const GUESS_WEIGHT = 10;

const LEAST_SPREAD = 0.02;
/** Margins end this far above the crest, which sinks by half a day. */
const CREST_ROOM = 1.15;
const CREST_HALF_LIFE = 1_440;
/** How far above all levels two minutes must be to count as a new level. */
const SHIFT_SPREADS = 3;

/** Standardised errors in bins of an eighth from -2 to 6; halved when full, so that they stand for one to three days. */
const BINS = 64;
const BIN_WIDTH = 0.125;
const LEAST_Z = -2;
const MOST_COUNTED = 4_000;
/** Before there are errors, they are taken to be normal, with the weight of half an hour. */
const PRIOR_WEIGHT = 30;
const PRIOR = normalBins();
/** A forecast is good for the minute it was made for, and stands in for a while when minutes are missing. */
const STALE_MS = 10 * MINUTE;
/** Forecasts that wait for their minute; with long start-ups not each minute makes one. */
const MOST_PENDING = 6;

/**
 * Expected rate of the minute that begins a start-up from `now`, and the rate that this share of such minutes stays
 * below, at least `room` times what is expected.
 */
export function nearForecast(
  near: NearState,
  now: Millis,
  quantile: number,
  room = 1,
): { expected: number; high: number } | null {
  const latest = near.latest;
  if (latest === null || now - near.at > STALE_MS) return null;
  return { expected: latest.expected, high: highOf(near, latest, quantile, room) };
}

/**
 * The highest such rate among the minutes from `now` until then, each as it was foreseen a start-up before: a cut works at
 * once, and no raise comes in time for them.
 */
export function highUntilNear(near: NearState, now: Millis, quantile: number, room = 1): number | null {
  const then = nearForecast(near, now, quantile, room);
  if (then === null) return null;
  let most = then.high;
  for (const { to, combined, spread } of near.pending) {
    if (to > now) most = Math.max(most, highOf(near, { expected: combined, spread }, quantile, room));
  }
  return most;
}

function highOf(
  near: NearState,
  { expected, spread }: { expected: number; spread: number },
  quantile: number,
  room: number,
): number {
  const root = Math.max(0, Math.sqrt(expected) + zQuantile(near, quantile) * spread);
  return capped(Math.max(root ** 2, expected * room), expected, near);
}

/** A bad forecaster cannot run up the bill: no margin reaches far above the highest minute of the last day or so. */
export const capped = (high: number, expected: number, near: NearState): number =>
  Math.min(high, Math.max(expected, near.crest * CREST_ROOM));

/** After the known minute that ends at `at`. `state` gives the shape of past days. */
export function learnNear(state: ForecastState, at: Millis, rate: number, leadMs: Millis): NearState {
  const judged = judge(state.near, at, rate);
  const moved = follow({ ...judged, crest: crestAfter(judged, at, rate) }, at, rate);
  return issue(moved, state, at, leadMs);
}

/** Compares the forecast of this minute, if one was made, with what came. */
function judge(near: NearState, at: Millis, rate: number): NearState {
  const due = near.pending.find((one) => Math.abs(one.to - at) < MINUTE / 2);
  const pending = near.pending.filter((one) => one.to > at + MINUTE / 2);
  if (due === undefined) return pending.length === near.pending.length ? near : { ...near, pending };
  const root = Math.sqrt(rate);
  const error = root - Math.sqrt(due.combined);
  return {
    ...near,
    pending,
    errors: due.members.map((member, i) => judgedVoter(near.errors[i] ?? null, member, root, due.spread)),
    spread: [
      widened(near.spread[0], error, due.spread, Math.min(SPREAD_MEMORY[0], near.judged + GUESS_WEIGHT)),
      widened(near.spread[1], error, due.spread, Math.min(SPREAD_MEMORY[1], near.judged + GUESS_WEIGHT)),
    ],
    judged: Math.min(near.judged + 1, SPREAD_MEMORY[1]),
    z: counted(near.z, error / due.spread),
  };
}

type VoterError = [variance: number, count: number] | null;

function judgedVoter(old: VoterError, member: number | null, root: number, spread: number): VoterError {
  if (member === null) return old;
  const error = Math.max(-MOST_DROP * spread, Math.min(MOST_ERROR * spread, root - Math.sqrt(member)));
  const [variance, count] = old ?? [0, 0];
  const share = 1 / Math.min(ERROR_MEMORY, count + 1);
  return [quantised(variance + (error * error - variance) * share), Math.min(ERROR_MEMORY, count + 1)];
}

/** Drops widen it less than jumps: they cost no late request. */
function widened(variance: number, error: number, spread: number, memory: number): number {
  const square = Math.min(error * error, (error > 0 ? 16 : 4) * spread * spread);
  return quantised(variance + (square - variance) / memory);
}

function counted(old: number[], z: number): number[] {
  const bins =
    old.length === BINS ? [...old] : PRIOR.map((share) => Math.round(share * PRIOR_WEIGHT * 10) / 10);
  const bin = Math.max(0, Math.min(BINS - 1, Math.floor((z - LEAST_Z) / BIN_WIDTH)));
  bins[bin] = Math.round((bins[bin]! + 1) * 10) / 10;
  const total = bins.reduce((sum, one) => sum + one, 0);
  return total < MOST_COUNTED ? bins : bins.map((one) => Math.round(one * 5) / 10);
}

function zQuantile(near: NearState, quantile: number): number {
  const bins = near.z.length === BINS ? near.z : PRIOR;
  const total = bins.reduce((sum, one) => sum + one, 0);
  let below = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const here = bins[bin]!;
    if (below + here >= quantile * total && here > 0) {
      return LEAST_Z + BIN_WIDTH * (bin + (quantile * total - below) / here);
    }
    below += here;
  }
  return LEAST_Z + BIN_WIDTH * BINS;
}

function crestAfter(near: NearState, at: Millis, rate: number): number {
  const minutes = Math.max(0, (at - near.at) / MINUTE);
  return quantised(Math.max(rate, near.crest * 0.5 ** (minutes / CREST_HALF_LIFE)));
}

/** Lets the levels and the trend see the minute. */
function follow(near: NearState, at: Millis, rate: number): NearState {
  if (near.levels.length === 0 || at - near.at > 6 * 60 * MINUTE) {
    const variance = quantised(0.1 + 0.003 * rate);
    return {
      ...near,
      at,
      last: quantised(rate),
      levels: SPANS.map(() => quantised(rate)),
      trend: [quantised(rate), 0],
      spread: near.levels.length === 0 ? [variance, variance] : near.spread,
    };
  }
  const minutes = Math.max(1, Math.round((at - near.at) / MINUTE));
  const shifted = levelShift(near, rate);
  if (shifted !== null) {
    const levels = near.levels.map((old) => Math.max(old, shifted));
    return { ...near, at, last: quantised(rate), levels, trend: [Math.max(near.trend[0], shifted), 0] };
  }
  const [level, slope] = near.trend;
  const expected = level + slope;
  const next = expected + TREND.level * (rate - expected);
  return {
    ...near,
    at,
    last: quantised(rate),
    levels: near.levels.map((old, i) => quantised(old + (rate - old) * (1 - Math.exp(-minutes / SPANS[i]!)))),
    trend: [quantised(next), quantised(TREND.damping * (slope + TREND.slope * (next - expected)))],
  };
}

/** Two minutes in a row far above all levels are a new level and no chance: the lower of them is believed at once. */
function levelShift(near: NearState, rate: number): number | null {
  const lower = Math.min(rate, near.last);
  const spread = Math.max(LEAST_SPREAD, Math.sqrt(near.spread[0]));
  const highest = Math.max(...near.levels);
  return Math.sqrt(lower) - Math.sqrt(highest) > SHIFT_SPREADS * spread ? quantised(lower) : null;
}

function issue(near: NearState, state: ForecastState, at: Millis, leadMs: Millis): NearState {
  const members = membersOf(near, state, at, leadMs);
  let total = 0;
  let sum = 0;
  for (let i = 0; i < members.length; i++) {
    const member = members[i]!;
    const error = near.errors[i];
    const weight =
      near.errors.length === 0 ? (i === UNTRIED ? 1 : 0) : error == null ? 0 : weightOf(error[0]);
    if (member === null || weight === 0) continue;
    total += weight;
    sum += weight * Math.sqrt(member);
  }
  if (total === 0) return near;
  const target = at + leadMs + MINUTE / 2;
  const combined = quantised(Math.max((sum / total) ** 2, openingRate(near, state, at, target)));
  const spread = quantised(Math.max(LEAST_SPREAD, Math.sqrt((near.spread[0] + near.spread[1]) / 2)));
  const to = at + leadMs + MINUTE;
  const every = Math.ceil((leadMs / MINUTE + 1) / MOST_PENDING) * MINUTE;
  const newest = near.pending.at(-1);
  const due = newest === undefined || to - newest.to >= every - MINUTE / 2;
  const pending: NearPending = { to, combined, spread, members };
  return {
    ...near,
    latest: { expected: combined, spread },
    pending: due ? [...near.pending, pending] : near.pending,
  };
}

const weightOf = (variance: number): number => 1 / (variance + 1e-5) ** SHARPNESS;

function membersOf(near: NearState, state: ForecastState, at: Millis, leadMs: Millis): (number | null)[] {
  const target = at + leadMs + MINUTE / 2;
  const members: (number | null)[] = [];
  for (let i = 0; i < SPANS.length; i++) {
    const level = near.levels[i]!;
    const ratio = shapeRatio(state, at - SPANS[i]! * MINUTE, target);
    members.push(level, ratio === null ? null : quantised(level * ratio));
  }
  const [level, slope] = near.trend;
  const ahead = (target - at) / MINUTE + 0.5;
  const reach = (TREND.damping * (1 - TREND.damping ** ahead)) / (1 - TREND.damping);
  members.push(quantised(Math.min(3 * near.levels[0]!, Math.max(0.01, level + slope * reach))));
  return members;
}

/**
 * What each of the last days brought at the target's time, at the level of today where that is lower: the doors that
 * open at nine each morning are not seen by any level at five to nine. 0 unless at least two days are known.
 */
function openingRate(near: NearState, state: ForecastState, at: Millis, target: Millis): number {
  const level = near.levels[1]!;
  let least = Infinity;
  let days = 0;
  for (const day of OPENING_DAYS) {
    const now = rateAt(state, at - OPENING_LOOK_BACK - day * DAY_MS);
    const then = rateAt(state, target - day * DAY_MS);
    if (now === null || then === null) continue;
    days += 1;
    least = Math.min(least, then * Math.min(1, (level + 0.1) / (now + 0.1)));
  }
  return days < 2 ? 0 : least * OPENING_TRUST;
}

/** How demand went from one time of the day to another on past days: their geometric mean. */
function shapeRatio(state: ForecastState, from: Millis, to: Millis): number | null {
  let sum = 0;
  let days = 0;
  for (const day of SHAPE_DAYS) {
    const before = rateAt(state, from - day * DAY_MS);
    const after = rateAt(state, to - day * DAY_MS);
    if (before === null || after === null || before < 0.02) continue;
    sum += Math.log(Math.min(MOST_SHAPE, Math.max(LEAST_SHAPE, after / before)));
    days += 1;
  }
  return days === 0 ? null : Math.exp(sum / days);
}

function normalBins(): number[] {
  const density = Array.from({ length: BINS }, (_, i) =>
    Math.exp(-((LEAST_Z + BIN_WIDTH * (i + 0.5)) ** 2) / 2),
  );
  // The lowest bin holds all that is lower still.
  density[0] = density[0]! + 0.0228 * (Math.sqrt(2 * Math.PI) / BIN_WIDTH);
  const sum = density.reduce((all, one) => all + one, 0);
  return density.map((one) => one / sum);
}

/** Six digits: with fewer, an average that moves slowly would stand still. */
const quantised = (value: number): number => Number(value.toPrecision(6));
