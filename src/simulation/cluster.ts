/**
 * The simulated cluster: GPU VMs in node groups, Nomad-like jobs placed on their slots, start-up times, zones that go out.
 * Time moves only by `advance`. It is the one truth behind the in-memory ports, the Nomad and the instance-group stand-in.
 */
import type { Millis } from '../core/model.js';

export interface ClusterSpec {
  start: Millis;
  /** From resize until a VM is ready to place workers, seconds. */
  nodeBootSeconds: number;
  /** From placement until a worker serves, seconds. */
  workerStartSeconds: number;
  /** How long a worker that is told to stop finishes its work, seconds. */
  workerStopSeconds: number;
  fleets: {
    name: string;
    zones: string[];
    slotsPerNode: number;
    workersPerAllocation: number;
    /** Workers running at the start, whole fleet. */
    workers: number;
    /** Bounds of the job's scaling block; null for none. */
    scaling: { min: number; max: number } | null;
    /** Most VMs the cloud grants a zone. */
    maxNodesPerZone: number;
  }[];
}

export interface ZoneTruth {
  zone: string;
  up: boolean;
  desired: number;
  ready: number;
  starting: number;
  draining: number;
  nodes: number;
}

/** What traffic, costs and the page read of it. Each adapter-facing twin or stand-in uses the richer class behind. */
export interface ClusterView {
  readonly now: Millis;
  advance(to: Millis): void;
  fleet(name: string): ZoneTruth[];
  setZone(zone: string, up: boolean): void;
  save(): unknown;
}
