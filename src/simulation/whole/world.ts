/** The world around the bot: its one clock, the cluster, and the requests that the cluster's workers serve. */
import type { FleetConfig } from '../../config.js';
import type { Millis } from '../../core/model.js';
import { workersFor } from '../../core/sizing.js';
import { type Cluster, createCluster, type ZoneTruth } from '../cluster.js';
import { createFleetTraffic, type FleetTraffic } from '../fleet-traffic.js';
import type { Traffic } from '../traffic.js';
import { fixedNodes, NODE_BOOT_SECONDS, WORKER_START_SECONDS, WORKER_STOP_SECONDS, ZONES } from './fleets.js';

export interface World {
  now(): Millis;
  /** Time never goes back: an earlier moment changes nothing. */
  advance(to: Millis): void;
  readonly cluster: Cluster;
  readonly traffic: FleetTraffic;
  zones(fleet: string): ZoneTruth[];
  /** Workers asked for, whole fleet. */
  asked(fleet: string): number;
  ready(fleet: string): number;
  /** Somebody changes a zone's count, in workers, without Muster. */
  setCount(fleet: FleetConfig, zone: string, workers: number): void;
  /** The most VMs the cloud grants each of the fleet's zones. */
  grant(fleet: string, nodesPerZone: number): void;
}

/** Seconds of one step of the requests: coarse, because only orders of magnitude matter here. */
const STEP_SECONDS = 20;
/** Moves p95 by less than 2 % against the usual two seconds, and costs a third. */
const SUB_STEP_SECONDS = 10;
const MOST_NODES = 60;

export interface Placement {
  /** Replaced workers come back to their node where they can. */
  sticky: boolean;
  /** Workers share numbers: the scheduler may begin on another node than was foreseen. */
  sharedNumbers: boolean;
}

export function createWorld(
  seed: number,
  start: Millis,
  fleets: FleetConfig[],
  traffic: Traffic,
  placement: Placement = { sticky: false, sharedNumbers: false },
): World {
  const cluster = createCluster({
    start,
    seed,
    nodeBootSeconds: NODE_BOOT_SECONDS,
    workerStartSeconds: WORKER_START_SECONDS,
    workerStopSeconds: WORKER_STOP_SECONDS,
    sticky: placement.sticky,
    fleets: fleets.map((fleet) => ({
      name: fleet.name,
      zones: ZONES,
      slotsPerNode: fleet.policy.slotsPerNode,
      workersPerAllocation: fleet.policy.workersPerAllocation,
      workers: firstCount(fleet, traffic.requestsPerSecond(fleet.name, start) ?? 0),
      scaling: null,
      maxNodesPerZone: MOST_NODES,
    })),
  });
  if (placement.sharedNumbers) for (const { id } of cluster.state.jobs) cluster.shareNumbers(id);
  for (const fleet of fleets.filter(({ nodeGroups }) => nodeGroups.kind === 'fixed'))
    for (const zone of ZONES) {
      const size = Math.max(cluster.group(`${fleet.name}-${zone}`)?.size ?? 0, fixedNodes(fleet.policy));
      cluster.resize(`${fleet.name}-${zone}`, size);
    }
  const requests = createFleetTraffic({
    start,
    traffic,
    endsAt: null,
    stepSeconds: STEP_SECONDS,
    fleets: fleets.map(({ name, policy }) => ({
      name,
      serviceSeconds: policy.serviceSeconds,
      serviceCv: policy.serviceCv,
      objectiveSeconds: policy.slo.p95Seconds,
      subStepSeconds: SUB_STEP_SECONDS,
    })),
  });
  let now = start;
  const sum = (fleet: string, what: 'desired' | 'ready' | 'serving'): number =>
    cluster.fleet(fleet).reduce((all, zone) => all + zone[what], 0);
  const ready = (fleet: string): number => sum(fleet, 'ready');
  const serving = (fleet: string): number => sum(fleet, 'serving');

  return {
    now: () => now,
    advance(to) {
      while (requests.step(to, serving)) cluster.advance(requests.now);
      cluster.advance(to);
      now = Math.max(now, to);
    },
    cluster,
    traffic: requests,
    zones: (fleet) => cluster.fleet(fleet),
    asked: (fleet) => sum(fleet, 'desired'),
    ready,
    setCount(fleet, zone, workers) {
      const count = Math.ceil(workers / fleet.policy.workersPerAllocation);
      cluster.scale(`${fleet.name}-${zone}`, { count, message: 'by hand', meta: null });
    },
    grant(fleet, nodesPerZone) {
      for (const zone of ZONES) cluster.grant(`${fleet}-${zone}`, nodesPerZone);
    },
  };
}

/** Somebody had set the counts by hand, with room to spare. */
function firstCount({ policy }: FleetConfig, requestsPerSecond: number): number {
  const { serviceSeconds, serviceCv, slo, floor, ceiling } = policy;
  const needed = workersFor({
    requestsPerSecond: 1.5 * requestsPerSecond,
    serviceSeconds,
    serviceCv,
    objectiveSeconds: slo.p95Seconds,
    quantile: 0.95,
  });
  return Math.min(ceiling, Math.max(floor, needed));
}
