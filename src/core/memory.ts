import type { ForecastState } from './forecast/state.js';
import type { Millis, Sample } from './model.js';

/**
 * What Muster carries from one step to the next for one fleet. Bounded: its size does not grow with the fleet's age,
 * and it is part of every `Seen`, so it must stay below 8 KB serialised together with the rest.
 * Only the functions of learn.ts and remember.ts make new ones; nobody edits it in place.
 */
export interface Memory {
  v: 1;
  /** Compare-and-set number: every stored change adds one. */
  rev: number;
  /** End of the first and the newest minute learnt. */
  firstAt: Millis | null;
  lastAt: Millis | null;
  /** The newest minutes, oldest first, a few only (live demand, three-of-five rules). */
  recent: Sample[];
  forecast: ForecastState;
  /** Needs of past cycle decisions, oldest first, within the stabilization window. */
  votes: { at: Millis; need: number }[];
  /** The total Muster last asked for; null before the first decision. */
  desired: number | null;
  lastRaiseAt: Millis | null;
  /** The count before the newest raise. */
  lastRaiseFrom: number | null;
  lastCutAt: Millis | null;
  /** Own raises whose workers may still be starting: when asked, how many. */
  raises: { at: Millis; count: number }[];
  /** Complete cycles of samples since first contact. */
  completeCycles: number;
  /** The cycle that is being counted: its known minutes, and whether it is counted as complete already. */
  cycleKnown: { start: Millis; minutes: number; counted: boolean } | null;
  /** The fleet's version that the newest decision knew: a higher one means that people have asked for something since. */
  decidedVersion?: number;
  /** When each voter last spoke: one that fell silent forbids cuts, one that never spoke does not. */
  lastKnown: { backlog: Millis | null; p95Seconds: Millis | null; saturation: Millis | null };
}
