/** What a chart shows, as plain numbers: views make it, an adapter draws it, the text twin says the same. */
import type { Millis } from './model.js';

/** A chart to be drawn; times are shown in the reader's zone. */
export interface ChartSpec {
  chart: 'fleet';
  timeZone: string;
  data: FleetChart;
}

export interface Point {
  at: Millis;
  /** null: unknown, a gap in the line. */
  value: number | null;
}

/** Requests per second: the peak expected within [from, to), and the rate that was sized for. */
export interface Foreseen {
  from: Millis;
  to: Millis;
  mean: number;
  high: number;
}

/** The last hours of a fleet and what is expected next. */
export interface FleetChart {
  fleet: string;
  from: Millis;
  to: Millis;
  /** When the forecast was made, and what that moment is called. */
  moment: { at: Millis; label: 'now' | 'decided' };
  /** Requests per second, mean of each stretch. */
  demand: Point[];
  /** What the cycles before `moment` had foreseen, oldest first. */
  foreseen: Foreseen[];
  /** From `moment` on. */
  forecast: { at: Millis; mean: number; high: number }[];
  /** Workers that served. */
  ready: Point[];
  /** What was asked for from each decision on; in advise mode, what would have been. */
  desired: { at: Millis; value: number }[];
  changes: { at: Millis; from: number; to: number }[];
  advised: boolean;
  objective: { p95Seconds: number; missed: { from: Millis; to: Millis }[] };
}
