/** What a policy under test is: it sees numbers at a fixed interval and says how many workers there shall be. */
import type { Millis } from '../../core/model.js';

export interface ScalerSeen {
  at: Millis;
  /** Mean arrivals per second since the last look (at most a minute); null in a gap of the trace. */
  requestsPerSecond: number | null;
  /** Share of the serving workers' time that was busy since the last look. */
  busyShare: number;
  /** Messages waiting or in service. */
  inSystem: number;
  backlog: number;
  oldestAgeSeconds: number;
  /** Over the last minute; null when nothing was served. Read only when asked for: it costs time. */
  p95Seconds: () => number | null;
  ready: number;
  starting: number;
}

export interface Scaler {
  name: string;
  /** Whole seconds between looks: a divisor or a multiple of 60. */
  everySeconds: number;
  /** Workers that serve at the start; null: what the first minute needs. */
  first: number | null;
  /** The count asked for. */
  look(seen: ScalerSeen): number;
}
