/** The simulated traffic as the metric stand-ins read it. Expected values become whole messages here. */
import type { FleetTraffic, FleetTrafficSeen } from '../simulation/fleet-traffic.js';
import type { TrafficView } from './metrics-view.js';
import type { SimulatedWorld } from './simulated-world.js';

const GAUGE_SECONDS = 60;

export function createTrafficView(
  { traffic, cluster }: Pick<SimulatedWorld, 'traffic' | 'cluster'>,
  fleets: string[],
): TrafficView {
  const readyOf = (fleet: string) => cluster.fleet(fleet).reduce((sum, zone) => sum + zone.ready, 0);
  return {
    queue: (name) => {
      if (!fleets.includes(name)) return null;
      const seen = traffic.fleet(name);
      const ready = readyOf(name);
      const waiting = Math.round(seen.backlog);
      return {
        publishRate: seen.requestsPerSecondNow,
        samples: seen.samples,
        ready: waiting,
        unacked: Math.round(busyOf(seen, ready)),
        consumers: ready,
        headAt: waiting > 0 ? traffic.now - seen.oldestAgeSeconds * 1_000 : null,
      };
    },
    gauges: () => fleets.map((fleet) => gaugesOf(fleet, traffic, readyOf(fleet))),
  };
}

function gaugesOf(fleet: string, traffic: FleetTraffic, ready: number) {
  const seen = traffic.fleet(fleet);
  const isKnown = seen.requestsPerSecond !== null;
  return {
    fleet,
    at: traffic.now,
    p95Seconds: isKnown ? traffic.window(fleet, GAUGE_SECONDS).p95Seconds : null,
    requestsPerSecond: seen.requestsPerSecond,
    backlog: isKnown ? Math.round(seen.backlog) : null,
    oldestAgeSeconds: isKnown ? seen.oldestAgeSeconds : null,
    saturation: isKnown && ready > 0 ? Math.min(1, busyOf(seen, ready) / ready) : null,
  };
}

/** Requests that a worker holds: in the system, and not waiting. */
const busyOf = (seen: FleetTrafficSeen, ready: number): number =>
  Math.min(ready, Math.max(0, seen.arrived - seen.completed - seen.backlog));
