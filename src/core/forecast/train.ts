/** What the forecasters learn from a minute. Missing is not zero, and an outage of the traffic's source does not train. */
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import { FORECASTERS, vote } from './combine.js';
import { horizonOf } from './forecaster.js';
import { slotOf } from './history.js';
import { learnSlot } from './holt-winters.js';
import { learnNear } from './near.js';
import { withRatio, withValue } from './packed.js';
import {
  type ErrorTrack,
  type ForecastState,
  HISTORY_SLOTS,
  type Pending,
  SLOT_MS,
  type Track,
} from './state.js';

const MINUTE = 60_000;
const FAST_MINUTES = 5;
const SLOW_MINUTES = 15;
/** An outage that lasts longer than this is the new normal. */
const LONGEST_OUTAGE = 90;
/** Half of an error's weight is gone after this many forecasts (a day and a half of them). */
const ERROR_MEMORY = 200;

/** The state after the minute that ends at `at` with the mean rate `rate`, requests per second. */
export function trainMinute(
  state: ForecastState,
  at: Millis,
  rate: number | null,
  policy: Policy,
): ForecastState {
  // A minute belongs to the slot that its middle lies in.
  const moved = closeSlots(state, slotOf(at - MINUTE / 2));
  const outage = rate !== null && looksLikeOutage(moved, rate) ? moved.outage + 1 : 0;
  if (rate === null || (outage > 0 && outage <= LONGEST_OUTAGE)) {
    return settle({ ...moved, outage: rate === null ? moved.outage : outage }, at, null);
  }
  const open = moved.open!;
  const learnt: ForecastState = {
    ...moved,
    outage: 0,
    open: { slot: open.slot, sum: open.sum + rate, minutes: open.minutes + 1 },
    level: nextLevel(moved.level, at, rate),
  };
  const near = learnNear(learnt, at, rate, policy.startupSeconds * 1_000);
  return issue(settle({ ...learnt, near }, at, rate), at, policy);
}

function looksLikeOutage(state: ForecastState, rate: number): boolean {
  const level = state.level;
  if (level === null) return false;
  // Thirty requests a minute do not become next to none by chance.
  return level.slow * 60 >= 30 && rate < 0.05 * level.slow;
}

function nextLevel(level: ForecastState['level'], at: Millis, rate: number): ForecastState['level'] {
  if (level === null || at - level.at > 6 * 3_600_000) return { fast: rate, slow: rate, at };
  const minutes = Math.max(1, (at - level.at) / MINUTE);
  const toward = (old: number, span: number): number =>
    quantised(old + (rate - old) * (1 - Math.exp(-minutes / span)));
  return { fast: toward(level.fast, FAST_MINUTES), slow: toward(level.slow, SLOW_MINUTES), at };
}

/** Finishes the open slot and leaves those that nothing is known of unknown. */
function closeSlots(state: ForecastState, slot: number): ForecastState {
  const open = state.open;
  if (open === null) return { ...state, open: { slot, sum: 0, minutes: 0 } };
  if (slot <= open.slot) return state;
  let history = state.history;
  let seasonal = state.seasonal;
  const last = Math.min(slot, open.slot + HISTORY_SLOTS);
  for (let i = open.slot; i < last; i++) {
    const rate = i === open.slot && open.minutes > 0 ? open.sum / open.minutes : null;
    history = withValue(history, i % HISTORY_SLOTS, rate);
    if (i === open.slot) seasonal = learnSlot(seasonal, i, rate);
  }
  return {
    ...state,
    history,
    seasonal: { ...seasonal, level: quantised(seasonal.level), trend: quantised(seasonal.trend) },
    open: { slot, sum: 0, minutes: 0 },
  };
}

/** One forecast every ten minutes is kept until its horizon is over; long horizons are sampled less often. */
function issue(state: ForecastState, at: Millis, policy: Policy): ForecastState {
  const lead = policy.startupSeconds * 1_000;
  const cycle = issueOne(state, state.cycle, at, lead, policy.cycleSeconds * 1_000);
  return cycle === state.cycle ? state : { ...state, cycle };
}

function issueOne(state: ForecastState, past: Track, at: Millis, lead: Millis, length: Millis): Track {
  const period = Math.max(SLOT_MS, Math.ceil((length + lead) / 3 / SLOT_MS) * SLOT_MS);
  const newest = past.pending.at(-1);
  if (newest !== undefined && Math.floor(newest.at / period) >= Math.floor(at / period)) return past;
  if (
    newest === undefined &&
    Math.floor(at / period) === Math.floor((at - MINUTE) / period) &&
    past.errors.length > 0
  )
    return past;
  const horizon = horizonOf(at, at + lead, at + lead + length);
  const { combined, voters } = vote(state, past, horizon);
  if (combined === null) return past;
  const pending: Pending = {
    at,
    from: horizon.from,
    to: horizon.to,
    combined: quantised(combined),
    members: voters.map(({ raw }) => (raw === null ? null : quantised(raw))),
    peak: 0,
    minutes: 0,
  };
  return { ...past, pending: [...past.pending, pending] };
}

/** Lets the open forecasts see the minute, and judges those whose horizon is over. */
function settle(state: ForecastState, at: Millis, rate: number | null): ForecastState {
  const cycle = settleOne(state.cycle, at, rate);
  return cycle === state.cycle ? state : { ...state, cycle };
}

function settleOne(past: Track, at: Millis, rate: number | null): Track {
  if (past.pending.length === 0) return past;
  let { errors, ratios } = past;
  const pending: Pending[] = [];
  for (const one of past.pending) {
    const inside = rate !== null && at - MINUTE >= one.from - MINUTE / 2 && at <= one.to + MINUTE / 2;
    const seen = inside
      ? { ...one, peak: Math.max(one.peak, quantised(rate)), minutes: one.minutes + 1 }
      : one;
    if (at < one.to) {
      pending.push(seen);
      continue;
    }
    // A horizon with holes in it has not shown its peak.
    if (seen.minutes * MINUTE < 0.8 * (one.to - one.from)) continue;
    errors = FORECASTERS.map((_, i) => judged(errors[i], one.members[i] ?? null, seen.peak));
    ratios = withRatio(ratios, slotOf(one.at) % ratios.length, seen.peak / Math.max(one.combined, 0.01));
  }
  return { pending, errors, ratios };
}

function judged(track: ErrorTrack | undefined, member: number | null, actual: number): ErrorTrack {
  const old: ErrorTrack = track ?? [0, 0, 0, 0, 0];
  if (member === null) return old;
  const [absolute, demand, bias, variance, seen] = old;
  const count = Math.min(ERROR_MEMORY, seen + 1);
  const share = 1 / count;
  const toward = (from: number, to: number): number => quantised(from + (to - from) * share);
  const off = logRatio(actual, member) - bias;
  return [
    toward(absolute, Math.abs(member * Math.exp(bias) - actual)),
    toward(demand, actual),
    quantised(bias + off * share),
    quantised((1 - share) * (variance + share * off * off)),
    count,
  ];
}

/** Kept within a factor of e^2, so that a night without requests is no infinite error. */
const logRatio = (actual: number, forecast: number): number =>
  Math.min(2, Math.max(-2, Math.log(Math.max(actual, 0.02) / Math.max(forecast, 0.02))));

/** Four digits are plenty and keep the state small. */
const quantised = (value: number): number => Number(value.toPrecision(4));
