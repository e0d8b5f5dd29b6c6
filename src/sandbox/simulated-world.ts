/**
 * The sandbox without its network: the cluster, the requests that its workers serve, and what it costs. Everything moves
 * by `advance` alone, so the same seed and the same acts give the same world at every speed.
 */

import type { FleetConfig } from '../config.js';
import type { Millis } from '../core/model.js';
import { workersFor } from '../core/sizing.js';
import { type Cluster, type ClusterSpec, createCluster, restoreCluster } from '../simulation/cluster.js';
import { createFleetTraffic, type FleetTraffic, type SavedTraffic } from '../simulation/fleet-traffic.js';
import type { Trace } from '../simulation/trace.js';
import { createTraffic, type Traffic, trafficFromTrace } from '../simulation/traffic.js';
import type { FleetTruth } from './control.js';
import {
  MAX_NODES_PER_ZONE,
  NODE_BOOT_SECONDS,
  REQUESTS_PER_DAY,
  SYNTHETIC_START_MS,
  WORKER_START_SECONDS,
  WORKER_STOP_SECONDS,
} from './fleets.js';
import { type Costs, createCostMeter, nodesFor, type SavedCosts } from './metering.js';

export interface SimulatedWorldSpec {
  fleets: FleetConfig[];
  seed: number;
  /** Multiplies the traffic. */
  scale: number;
  trace: Trace | null;
}

export interface SavedSimulation {
  cluster: unknown;
  traffic: SavedTraffic;
  costs: SavedCosts;
}

export interface SimulatedWorld {
  cluster: Cluster;
  traffic: FleetTraffic;
  /** The world's first moment, and the trace's last; null: it has no end. */
  startsAt: Millis;
  endsAt: Millis | null;
  /** Moves on to `to`; stops early, answering false, when `mayGoOn` says no. */
  advance(to: Millis, mayGoOn?: () => boolean): boolean;
  truth(): Record<string, FleetTruth>;
  /** What each fleet would cost an hour if it were always sized for its busiest minute. */
  staticPeakPerHour: Record<string, number>;
  costs(): Costs;
  save(): SavedSimulation;
}

const MINUTE = 60_000;
const TRUTH_SECONDS = 300;
/** Before Muster came somebody had set the counts by hand, with room to spare. */
const FIRST_ROOM = 2;

export function createSimulatedWorld(
  spec: SimulatedWorldSpec,
  saved: SavedSimulation | null = null,
): SimulatedWorld {
  const { fleets, trace } = spec;
  const arriving: Traffic =
    trace === null
      ? createTraffic({ seed: spec.seed, perDay: REQUESTS_PER_DAY * spec.scale })
      : trafficFromTrace(trace, spec.scale);
  const startsAt = trace?.start ?? SYNTHETIC_START_MS;
  const endsAt = trace === null ? null : trace.start + trace.minutes.length * MINUTE;

  const clusterSpec = clusterSpecOf(spec, startsAt, arriving);
  const cluster = saved === null ? createCluster(clusterSpec) : restoreCluster(clusterSpec, saved.cluster);
  const traffic = createFleetTraffic(
    { start: startsAt, traffic: arriving, endsAt, fleets: fleets.map(queueSpecOf) },
    saved?.traffic ?? null,
  );
  const price = new Map(fleets.map((fleet) => [fleet.name, fleet.policy.nodePricePerHour]));
  const perHour = () =>
    fleets.reduce((sum, { name }) => sum + sumOf(cluster.fleet(name), 'nodes') * (price.get(name) ?? 0), 0);
  const staticPeakPerHour = Object.fromEntries(
    fleets.map((fleet) => [fleet.name, staticPeakOf(fleet, arriving, startsAt, endsAt)]),
  );
  const allStatic = Object.values(staticPeakPerHour).reduce((sum, one) => sum + one, 0);
  const meter = createCostMeter(
    { at: startsAt, perHour: perHour(), staticPeakPerHour: allStatic },
    saved?.costs ?? null,
  );
  const serving = (fleet: string) => sumOf(cluster.fleet(fleet), 'serving');

  return {
    cluster,
    traffic,
    startsAt,
    endsAt,
    advance: (to, mayGoOn = () => true) => {
      while (traffic.step(to, serving)) {
        cluster.advance(traffic.now);
        meter.advance(traffic.now, perHour());
        if (!mayGoOn()) return false;
      }
      cluster.advance(to);
      return true;
    },
    truth: () => Object.fromEntries(fleets.map(({ name }) => [name, truthOf(name, cluster, traffic)])),
    staticPeakPerHour,
    costs: meter.costs,
    save: () => ({ cluster: cluster.save(), traffic: traffic.save(), costs: meter.save() }),
  };
}

function truthOf(name: string, cluster: Cluster, traffic: FleetTraffic): FleetTruth {
  const zones = cluster.fleet(name);
  const { requestsPerSecond, backlog } = traffic.fleet(name);
  const { p95Seconds, lateShare } = traffic.window(name, TRUTH_SECONDS);
  return {
    desired: sumOf(zones, 'desired'),
    ready: sumOf(zones, 'ready'),
    starting: sumOf(zones, 'starting'),
    nodes: sumOf(zones, 'nodes'),
    demandPerSecond: requestsPerSecond,
    backlog: Math.round(backlog),
    p95Seconds,
    lateShare,
  };
}

function clusterSpecOf({ fleets, seed }: SimulatedWorldSpec, start: Millis, traffic: Traffic): ClusterSpec {
  return {
    start,
    seed,
    nodeBootSeconds: NODE_BOOT_SECONDS,
    sticky: true,
    workerStartSeconds: WORKER_START_SECONDS,
    workerStopSeconds: WORKER_STOP_SECONDS,
    fleets: fleets.map((fleet) => ({
      name: fleet.name,
      zones: fleet.policy.zones,
      slotsPerNode: fleet.policy.slotsPerNode,
      workersPerAllocation: fleet.policy.workersPerAllocation,
      workers: workersAt(fleet, (traffic.requestsPerSecond(fleet.name, start) ?? 0) * FIRST_ROOM),
      scaling: null,
      maxNodesPerZone: MAX_NODES_PER_ZONE,
    })),
  };
}

const queueSpecOf = ({ name, policy }: FleetConfig) => ({
  name,
  serviceSeconds: policy.serviceSeconds,
  serviceCv: policy.serviceCv,
  objectiveSeconds: policy.slo.p95Seconds,
});

/** What the fleet would cost an hour if it were always sized for the busiest minute: of the trace, or of the first day. */
function staticPeakOf(fleet: FleetConfig, traffic: Traffic, startsAt: Millis, endsAt: Millis | null): number {
  let peak = 0;
  for (let at = startsAt; at < (endsAt ?? startsAt + 1_440 * MINUTE); at += MINUTE)
    peak = Math.max(peak, traffic.requestsPerSecond(fleet.name, at) ?? 0);
  const { zones, slotsPerNode, nodePricePerHour } = fleet.policy;
  return nodesFor(workersAt(fleet, peak), zones.length, slotsPerNode) * nodePricePerHour;
}

function workersAt({ policy }: FleetConfig, requestsPerSecond: number): number {
  const { serviceSeconds, serviceCv, slo } = policy;
  const needed = workersFor({
    requestsPerSecond,
    serviceSeconds,
    serviceCv,
    objectiveSeconds: slo.p95Seconds,
    quantile: 0.95,
  });
  return Math.min(policy.ceiling, Math.max(policy.floor, needed));
}

const sumOf = <K extends string>(zones: Record<K, number>[], what: K): number =>
  zones.reduce((sum, zone) => sum + zone[what], 0);
