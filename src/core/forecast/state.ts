/** What the forecasters carry; plain JSON, bounded. The forecast folder alone knows its inside. */
import type { Millis } from '../model.js';
import { unknownRow } from './packed.js';

/** Length of a slot of history; a day has 144. */
export const SLOT_MS = 600_000;
export const SLOTS_A_DAY = 144;
export const DAY_MS = 86_400_000;
/** Slots of history kept: a week and three hours, so that the time before this moment last week is there too. */
export const HISTORY_SLOTS = 7 * SLOTS_A_DAY + 18;
/** Past forecast errors kept, one a slot: five days. */
const CYCLE_RATIOS = 5 * SLOTS_A_DAY;

export interface ForecastState {
  v: 1;
  /** Mean rate of each finished slot, packed; the slot number modulo the length is its place. */
  history: string;
  /** The slot that is being filled; null before the first minute. */
  open: { slot: number; sum: number; minutes: number } | null;
  /** Smoothed demand: over a few minutes, and over a quarter of an hour. */
  level: { fast: number; slow: number; at: Millis } | null;
  /** Minutes in a row that looked like an outage of the traffic's source. */
  outage: number;
  seasonal: HoltWintersState;
  /** What is known of past forecasts for the horizon of a cycle. */
  cycle: Track;
  /** The forecast of the minute in which a worker that is asked for now begins to serve. */
  near: NearState;
}

export interface NearState {
  /** Demand smoothed over growing spans of minutes, and its level and slope. */
  levels: number[];
  trend: [level: number, slope: number];
  /** End of the newest minute that was learnt, and its rate. */
  at: Millis;
  last: number;
  /** Highest minute, sinking by half a day. */
  crest: number;
  /** Each voter's squared error, on the square-root scale, and how many it stands for. */
  errors: ([variance: number, count: number] | null)[];
  /** Squared error of the combined forecast, over half an hour and over eight. */
  spread: [fast: number, slow: number];
  /** Forecasts judged, as far as it matters for the above. */
  judged: number;
  /** Histogram of past errors in spreads; empty before the first. */
  z: number[];
  pending: NearPending[];
  latest: { expected: number; spread: number } | null;
}

/** A forecast whose minute, which ends at `to`, has not come yet. */
export interface NearPending {
  to: Millis;
  combined: number;
  spread: number;
  members: (number | null)[];
}

/** The forecasts of one horizon and how they turned out. */
export interface Track {
  /** Forecasts whose horizon is not over yet. */
  pending: Pending[];
  /** Recent error of each forecaster, in the order of the list of forecasters. */
  errors: ErrorTrack[];
  /** Highest minute within the horizon / combined forecast, packed; by slot of issue. */
  ratios: string;
}

export interface HoltWintersState {
  level: number;
  trend: number;
  /** Seasonal parts relative to the level, one a slot of the day, packed as 1 + part. */
  season: string;
  /** Slots learnt. */
  learnt: number;
}

export interface Pending {
  at: Millis;
  from: Millis;
  to: Millis;
  combined: number;
  members: (number | null)[];
  /** Highest minute and sums seen within the horizon so far. */
  peak: number;
  minutes: number;
}

/** A tuple, because there are many of them in every stored decision. */
export type ErrorTrack = [
  /** Exponentially weighted means of |error| and of the peak itself: their quotient is the WAPE. */
  absolute: number,
  demand: number,
  /** Mean and variance of ln(peak / forecast): how far it is off as a rule, and how much it can be trusted beyond that. */
  bias: number,
  variance: number,
  count: number,
];

export function emptyForecastState(): ForecastState {
  return {
    v: 1,
    history: unknownRow(HISTORY_SLOTS),
    open: null,
    level: null,
    outage: 0,
    seasonal: { level: 0, trend: 0, season: unknownRow(SLOTS_A_DAY), learnt: 0 },
    cycle: emptyTrack(CYCLE_RATIOS),
    near: {
      levels: [],
      trend: [0, 0],
      at: 0,
      last: 0,
      crest: 0,
      errors: [],
      spread: [0, 0],
      judged: 0,
      z: [],
      pending: [],
      latest: null,
    },
  };
}

const emptyTrack = (slots: number): Track => ({ pending: [], errors: [], ratios: ' '.repeat(slots) });
