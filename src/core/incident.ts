import type { Millis, Sample } from './model.js';
import type { Policy } from './policy.js';

/**
 * The latency alert of one fleet. The machine that moves it is `watchLatency`.
 *
 *            3 bad minutes of the last 5
 *    quiet ------------------------------> firing --+ another minute: 'updated'
 *      ^                                     |  ^---+
 *      +-------------------------------------+
 *         10 good minutes, no bad one between
 *
 * A minute is bad when its p95 or the age of the oldest message is over the objective, good when it is known not to be.
 * A minute of which nothing is known is neither: it fires nothing and heals nothing.
 */
export interface AlertState {
  v: 1;
  /** Compare-and-set number. */
  rev: number;
  phase: 'quiet' | 'firing';
  /** Names the incident: its messages and its dedup key carry it. */
  id: string | null;
  since: Millis | null;
  /** Newest minutes judged: bad, good or unknown (null). */
  minutes: { at: Millis; bad: boolean | null }[];
  goodSince: Millis | null;
  peakSeconds: number | null;
}

export type AlertEvent = 'fired' | 'updated' | 'resolved';

const MINUTE = 60_000;
const WINDOW_MINUTES = 5;
const BAD_TO_FIRE = 3;
const GOOD_TO_RESOLVE = 10;

/**
 * The alert after one more minute, and what there is to tell. `newId` names the incident if this minute opens one.
 * A resolved alert keeps its id, since and peak for the last message; a minute seen before changes nothing.
 */
export function watchLatency(
  state: AlertState | null,
  sample: Sample,
  policy: Policy,
  newId: string,
): { state: AlertState; event: AlertEvent | null } {
  const old = state ?? quiet();
  const last = old.minutes.at(-1);
  if (last !== undefined && sample.at <= last.at) return { state: old, event: null };
  const worst = worstSeconds(sample);
  const bad = worst === null ? null : worst > policy.slo.p95Seconds;
  const minutes = [...old.minutes, { at: sample.at, bad }].slice(-GOOD_TO_RESOLVE);
  const next = { ...old, rev: old.rev + 1, minutes };
  return old.phase === 'quiet' ? whileQuiet(next, sample.at, worst, newId) : whileFiring(next, bad, worst);
}

function quiet(): AlertState {
  return {
    v: 1,
    rev: 0,
    phase: 'quiet',
    id: null,
    since: null,
    minutes: [],
    goodSince: null,
    peakSeconds: null,
  };
}

function whileQuiet(
  state: AlertState,
  now: Millis,
  worst: number | null,
  newId: string,
): { state: AlertState; event: AlertEvent | null } {
  const window = state.minutes.filter(({ at }) => at > now - WINDOW_MINUTES * MINUTE);
  const bad = window.filter((minute) => minute.bad === true);
  if (bad.length < BAD_TO_FIRE) return { state, event: null };
  const since = bad[0]!.at - MINUTE;
  return {
    state: { ...state, phase: 'firing', id: newId, since, goodSince: null, peakSeconds: worst },
    event: 'fired',
  };
}

function whileFiring(
  state: AlertState,
  bad: boolean | null,
  worst: number | null,
): { state: AlertState; event: AlertEvent | null } {
  const newest = state.minutes.at(-1)!.at;
  const goodSince = bad === true ? null : bad === false ? (state.goodSince ?? newest) : state.goodSince;
  const peakSeconds = worst === null ? state.peakSeconds : Math.max(worst, state.peakSeconds ?? 0);
  const next = { ...state, goodSince, peakSeconds };
  const good =
    goodSince === null ? 0 : state.minutes.filter((one) => one.at >= goodSince && one.bad === false).length;
  if (good < GOOD_TO_RESOLVE) return { state: next, event: 'updated' };
  return { state: { ...next, phase: 'quiet', minutes: state.minutes.slice(-1) }, event: 'resolved' };
}

function worstSeconds(sample: Sample): number | null {
  const { p95Seconds, oldestAgeSeconds } = sample;
  if (p95Seconds === null && oldestAgeSeconds === null) return null;
  return Math.max(p95Seconds ?? 0, oldestAgeSeconds ?? 0);
}
