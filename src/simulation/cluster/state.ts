/**
 * The cluster's whole state as plain JSON: saving it is copying it. Times are the Muster clock's milliseconds, counts of
 * allocations unless a name says workers. `index` grows with every change, as Nomad's raft index does.
 */
import { createHash } from 'node:crypto';
import type { Millis } from '../../core/model.js';

export interface ClusterState {
  v: 1;
  seed: number;
  now: Millis;
  index: number;
  /** How many ids were given out. */
  ids: number;
  zonesDown: string[];
  /** The operator refuses registration, dispatch and scale (scheduler configuration). */
  frozenByOperator: boolean;
  groups: SimGroup[];
  vms: SimVm[];
  jobs: SimJob[];
  allocations: SimAllocation[];
  deployments: SimDeployment[];
  evaluations: SimEvaluation[];
  /** What every worker needs to finish its work (storage, say) has been out since then; absent: it is there. */
  dependencyOutAt?: Millis;
  /** Images that the nodes of a job's group shall hold ready: one a job. */
  prepulls: { job: string; image: string; at: Millis }[];
}

/** A managed instance group: one per fleet and zone, named `<fleet>-<zone>`. */
export interface SimGroup {
  name: string;
  fleet: string;
  zone: string;
  /** What the cloud was asked for. */
  size: number;
  /** What the cloud grants at most. */
  maxSize: number;
  slotsPerNode: number;
}

/**
 * A VM, which is a Nomad node from its first boot on.
 *
 *   booting -> ready -> deleting -> gone      down: its zone is out, or its host is maintained; it boots again after that
 *                 \-> down -> booting
 */
export interface SimVm {
  /** Nomad's node id. */
  id: string;
  name: string;
  group: string;
  zone: string;
  state: 'booting' | 'ready' | 'down' | 'deleting' | 'gone';
  /** When the state ends by itself; null when it does not. */
  until: Millis | null;
  /** Nomad knows it: it booted once. */
  registered: boolean;
  eligible: boolean;
  /** A drain under way; the deadline is null for none. */
  drain: { deadlineAt: Millis | null; ignoreSystemJobs: boolean } | null;
  lastDrain: {
    status: 'draining' | 'complete' | 'canceled';
    startedAt: Millis;
    updatedAt: Millis;
    meta: Record<string, string> | null;
  } | null;
  createdAt: Millis;
  stateAt: Millis;
  createIndex: number;
  modifyIndex: number;
  /** The cloud announced that it stops the VM; it comes back by itself, or never (null). Gone once it is over. */
  maintenance?: { at: Millis; downMs: Millis | null; told: boolean };
  /** Its GPU has not worked since then: its workers run and serve nothing. A reset mends it once nothing runs there. */
  deviceFailedAt?: Millis;
  /** Images on its disk, or on their way; null: the registry has no such image. */
  images: { image: string; presentAt: Millis | null }[];
}

/** A service job with an update stanza: one group, `workers`, one job per fleet and zone, named `<fleet>-<zone>`. */
export interface SimJob {
  id: string;
  fleet: string;
  zone: string;
  group: string;
  count: number;
  version: number;
  scaling: { min: number; max: number } | null;
  /** Checks in the scaling policy: another autoscaler owns the count. */
  foreignPolicy: boolean;
  /** Its replaced workers come back to their node where they can. */
  sticky: boolean;
  /** Workers share numbers (Nomad before 1.6.3): the scheduler begins as well with the last as with the first. */
  sharedNumbers?: true;
  workersPerAllocation: number;
  /** What a worker that starts now comes up with. */
  image: string;
  update: SimUpdate;
  /** A rollout of the in-memory twin holds it, and gives this back. */
  held: SimUpdate | null;
  /** The newest versions, oldest first. */
  versions: SimVersion[];
  /** Never placed and never to be: the deployment that asked for them failed, or was paused when there was no room. */
  abandoned: number;
  events: SimScalingEvent[];
  submittedAt: Millis;
  createIndex: number;
  jobModifyIndex: number;
  modifyIndex: number;
}

/** How the scheduler itself goes about a new image. */
export interface SimUpdate {
  /** Workers replaced at once. */
  maxParallel: number;
  canary: number;
  autoPromote: boolean;
  autoRevert: boolean;
  /** Nanoseconds; it means nothing for a service. */
  stagger: number;
  /** How long a deployment goes on without progress; the cluster's own when absent. */
  progressMs?: number;
}

export interface SimVersion {
  version: number;
  image: string;
  count: number;
  stable: boolean;
  at: Millis;
  update: SimUpdate;
}

export interface SimScalingEvent {
  count: number | null;
  previousCount: number;
  error: boolean;
  message: string;
  meta: Record<string, unknown> | null;
  evalId: string | null;
  at: Millis;
  createIndex: number;
}

/** stuck: takes work and finishes none. no-model: says so itself. silent: serves, and does not answer for its health. */
export type SimIllness = 'stuck' | 'no-model' | 'silent';

export interface SimAllocation {
  id: string;
  job: string;
  /** Its number in the name `<job>.workers[n]`. */
  slot: number;
  vm: string;
  desired: 'run' | 'stop';
  client: 'pending' | 'running' | 'complete' | 'lost';
  image: string;
  /** When it is found to be unhealthy; null: it will be healthy. */
  failsAt: Millis | null;
  /** Runs, and its first so many slots do not serve: the orchestrator does not see it. */
  ill?: { kind: SimIllness; since: Millis; slots: number };
  desiredDescription: string;
  jobVersion: number;
  deployment: string | null;
  /** A canary that is not promoted: it comes on top of the count. Absent: it is not, or not any more. */
  canary?: true;
  healthy: boolean | null;
  healthyAt: Millis;
  placedAt: Millis;
  runningAt: Millis;
  /** When its workers serve. */
  servesAt: Millis;
  /** When a stopping one is gone. */
  stoppedAt: Millis | null;
  evalId: string;
  createIndex: number;
  modifyIndex: number;
}

export interface SimDeployment {
  id: string;
  job: string;
  jobVersion: number;
  jobModifyIndex: number;
  jobCreateIndex: number;
  status: 'running' | 'paused' | 'successful' | 'failed';
  description: string;
  desiredTotal: number;
  /** Canaries that must be healthy before anything is replaced; 0: none. */
  desiredCanaries: number;
  promoted: boolean;
  autoPromote: boolean;
  autoRevert: boolean;
  /** Every canary that was ever placed. */
  canaries: string[];
  requireProgressBy: Millis;
  createdAt: Millis;
  modifiedAt: Millis;
  createIndex: number;
  modifyIndex: number;
}

export interface SimEvaluation {
  id: string;
  job: string;
  triggeredBy: string;
  status: 'complete' | 'blocked' | 'canceled';
  queued: number;
  blockedEval: string | null;
  deployment: string | null;
  at: Millis;
  createIndex: number;
  modifyIndex: number;
}

/** The next id, in the shape of a UUID, from the seed and a counter. */
export function nextId(state: ClusterState): string {
  state.ids += 1;
  const hex = createHash('sha256').update(`${state.seed}:${state.ids}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

export function nextIndex(state: ClusterState): number {
  state.index += 1;
  return state.index;
}

export const isLive = (allocation: SimAllocation): boolean =>
  allocation.desired === 'run' && (allocation.client === 'pending' || allocation.client === 'running');

/** It still holds its slots: it runs, will run, or has not finished stopping. */
export const holdsSlots = (allocation: SimAllocation): boolean =>
  allocation.client === 'pending' || allocation.client === 'running';

export function activeDeployment(state: ClusterState, job: string): SimDeployment | null {
  return state.deployments.find((one) => one.job === job && isActive(one)) ?? null;
}

export const isActive = (one: SimDeployment): boolean => one.status === 'running' || one.status === 'paused';

export function latestDeployment(state: ClusterState, job: string): SimDeployment | null {
  return state.deployments.findLast((one) => one.job === job) ?? null;
}
