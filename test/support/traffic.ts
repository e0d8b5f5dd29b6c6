import type { FleetTruth, QueueTruth, TrafficView } from '../../src/sandbox/metrics-view.js';

/** A queue that has been published to at a steady rate for five minutes before `now`. */
export function aQueue(now: number, rate: number, changes: Partial<QueueTruth> = {}): QueueTruth {
  const samples = Array.from({ length: 61 }, (_, index) => {
    const secondsAgo = (60 - index) * 5;
    return { at: now - secondsAgo * 1_000, published: Math.round(10_000 + rate * (300 - secondsAgo)) };
  });
  return {
    publishRate: rate,
    samples,
    ready: 0,
    unacked: 0,
    consumers: 4,
    headAt: null,
    ...changes,
  };
}

export function aFleet(now: number, changes: Partial<FleetTruth> = {}): FleetTruth {
  return {
    fleet: 'face-match',
    at: now,
    p95Seconds: 1.25,
    requestsPerSecond: 20,
    backlog: 3,
    oldestAgeSeconds: 0.5,
    saturation: 0.7,
    ...changes,
  };
}

export interface TestTraffic extends TrafficView {
  queues: Record<string, QueueTruth>;
  fleets: FleetTruth[];
}

/** Traffic whose truth a test sets. */
export function aTraffic(queues: Record<string, QueueTruth>, fleets: FleetTruth[] = []): TestTraffic {
  const traffic: TestTraffic = {
    queues,
    fleets,
    queue: (name) => traffic.queues[name] ?? null,
    gauges: () => traffic.fleets,
  };
  return traffic;
}
