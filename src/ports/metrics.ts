/** What is asked of a fleet, and how it fares. */
import type { Millis } from '../core/model.js';

export type DemandSource =
  | { kind: 'rabbitmq'; vhost: string; queue: string; deadLetterQueue?: string }
  | { kind: 'prometheus'; rate: string; backlog?: string; oldestAge?: string };
export type LatencySource = { kind: 'prometheus'; p95: string };
export type SaturationSource = { kind: 'prometheus'; query: string };

/** Unknown is null. `at` is when the source measured, Muster clock; null when it does not say. */
export interface DemandSeen {
  at: Millis | null;
  requestsPerSecond: number | null;
  backlog: number | null;
  oldestAgeSeconds: number | null;
  consumers: number | null;
}

export interface DemandReader {
  demand(source: DemandSource): Promise<DemandSeen>;
}
/** Messages that nobody could deal with. */
export interface DeadLetters {
  /** null: the source names no dead-letter queue. */
  count(source: DemandSource): Promise<number | null>;
  /** Moves up to `most` back to where they came from; gives how many. At least once: one may come twice, none is lost. */
  requeue(source: DemandSource, most: number): Promise<number>;
}
export interface GaugeReader {
  /** The newest value of a query; null when the source has no data. */
  gauge(query: string): Promise<{ at: Millis; value: number } | null>;
}
