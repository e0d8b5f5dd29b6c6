/**
 * What the RabbitMQ and the Prometheus stand-in read of the world: the traffic as it truly is. Each stand-in puts it into
 * its peer's own words, and the faults on top.
 */
import type { Millis } from '../core/model.js';

/** A queue's truth. Unknown is null. */
export interface QueueTruth {
  /** Arrivals per second at this moment. */
  publishRate: number | null;
  /** The publish counter over time, oldest first; at least the newest simulated minute, at least every 5 s of it. */
  samples: { at: Millis; published: number }[];
  /** Messages waiting, and messages that a worker holds. */
  ready: number;
  unacked: number;
  consumers: number;
  /** When the first waiting message was published; null when none waits. */
  headAt: Millis | null;
}

/** A fleet's gauges over the minute that ends `at`. Unknown is null. */
export interface FleetTruth {
  fleet: string;
  at: Millis;
  p95Seconds: number | null;
  requestsPerSecond: number | null;
  backlog: number | null;
  oldestAgeSeconds: number | null;
  /** Share of the ready workers that are busy, 0 to 1. */
  saturation: number | null;
}

export interface TrafficView {
  /** null: there is no such queue. The sandbox's queues carry their fleets' names. */
  queue(name: string): QueueTruth | null;
  gauges(): FleetTruth[];
}
