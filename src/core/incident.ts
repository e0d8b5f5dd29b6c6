import type { Millis } from './model.js';

/** The latency alert of one fleet. The machine that moves it is `watchLatency`. */
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
