/**
 * The simulated cluster: GPU VMs in node groups, Nomad-like jobs placed on their slots, start-up times, zones that go out.
 * Time moves only by `advance`. It is the one truth behind the in-memory ports, the Nomad and the instance-group stand-in.
 * One node group and one job per fleet and zone, both named `<fleet>-<zone>`; the job's group is `workers`.
 */
import type { Millis } from '../core/model.js';
import { endDeployment, fireAllocations, liveOf, roomFor, settle } from './cluster/place.js';
import { addEvent, type ScaleOutcome, type ScaleRequest, scaleJob } from './cluster/scale.js';
import { firstState } from './cluster/start.js';
import {
  activeDeployment,
  type ClusterState,
  holdsSlots,
  isLive,
  nextIndex,
  type SimGroup,
  type SimJob,
  type SimVm,
} from './cluster/state.js';
import { type Timing, timingOf } from './cluster/timing.js';
import { deleteVms, fillGroups, fireVms, isPresent, switchZone, vmsOf } from './cluster/vms.js';

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
  /** Makes the ids; 1 when absent. */
  seed?: number;
  /** A worker's minimum healthy time in a deployment; Nomad's default of 10 when absent. */
  minHealthySeconds?: number;
  /** A deployment fails after this long without progress; Nomad's default of 600 when absent. */
  progressDeadlineSeconds?: number;
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

export interface DrainRequest {
  /** Seconds until what is left is stopped; null for no deadline, negative for at once. */
  deadlineSeconds: number | null;
  ignoreSystemJobs?: boolean;
  meta?: Record<string, string> | null;
}

export interface Cluster extends ClusterView {
  /** Read it, never write it. */
  readonly state: ClusterState;
  readonly spec: ClusterSpec;
  readonly timing: Timing;
  job(id: string): SimJob | null;
  group(name: string): SimGroup | null;
  vms(group: string): SimVm[];
  scale(jobId: string, request: ScaleRequest): ScaleOutcome;
  /** Remembers an event and changes nothing (Nomad 1.1 does so when it refuses a scale). */
  note(jobId: string, request: ScaleRequest): void;
  /** The largest count of allocations up to `count` that the job could run now. */
  fits(jobId: string, count: number): number;
  /** False when there is no such deployment or it has ended. */
  failDeployment(id: string): boolean;
  /** null cancels a drain. False when there is no such node. */
  drain(nodeId: string, request: DrainRequest | null, markEligible?: boolean): boolean;
  /** 'draining' when a draining node is asked to be eligible. */
  setEligible(nodeId: string, eligible: boolean): 'done' | 'draining' | 'no-node';
  /** Absolute. Below the present size the cloud picks the victims. */
  resize(group: string, size: number): void;
  deleteInstances(group: string, names: string[]): void;
  setFrozenByOperator(frozen: boolean): void;
  /** Another autoscaler's checks in the job's scaling policy. */
  setForeignPolicy(jobId: string, owned: boolean): void;
}

export function createCluster(spec: ClusterSpec): Cluster {
  const timing = timingOf(spec);
  return clusterOver(spec, timing, firstState(spec, timing));
}

/** Goes on from what `save` gave, under the same spec. */
export function restoreCluster(spec: ClusterSpec, saved: unknown): Cluster {
  if (!isState(saved)) throw new Error('the saved cluster is not of version 1');
  return clusterOver(spec, timingOf(spec), structuredClone(saved));
}

function clusterOver(spec: ClusterSpec, timing: Timing, state: ClusterState): Cluster {
  let due: Millis | null | undefined;
  const settled = () => {
    fillGroups(state, timing);
    settle(state, timing);
    due = undefined;
  };
  const jobOf = (id: string) => state.jobs.find((one) => one.id === id) ?? null;
  const vmOf = (id: string) => state.vms.find((one) => one.id === id && one.registered) ?? null;

  return {
    spec,
    timing,
    state,
    get now() {
      return state.now;
    },
    advance(to) {
      while (true) {
        due = due === undefined ? nextDue(state, timing) : due;
        if (due === null || due > to) break;
        state.now = Math.max(state.now, due);
        fireVms(state, timing);
        fireAllocations(state, timing);
        settled();
      }
      state.now = Math.max(state.now, to);
    },
    fleet: (name) => state.jobs.filter((job) => job.fleet === name).map((job) => truth(state, job)),
    setZone(zone, up) {
      switchZone(state, zone, up, timing);
      settled();
    },
    save: () => structuredClone(state),
    job: jobOf,
    group: (name) => state.groups.find((one) => one.name === name) ?? null,
    vms: (group) => vmsOf(state, group),
    scale(jobId, request) {
      const outcome = scaleJob(state, jobId, request, timing);
      settled();
      return outcome;
    },
    note(jobId, request) {
      const job = jobOf(jobId);
      if (job !== null) addEvent(state, job, request, null);
    },
    fits(jobId, count) {
      const job = jobOf(jobId);
      if (job === null) return 0;
      return Math.min(count, liveOf(state, job).length + roomFor(state, job));
    },
    failDeployment(id) {
      const deployment = state.deployments.find((one) => one.id === id && one.status === 'running');
      if (deployment === undefined) return false;
      endDeployment(state, deployment, 'failed', 'Deployment marked as failed');
      settled();
      return true;
    },
    drain(nodeId, request, markEligible = false) {
      const vm = vmOf(nodeId);
      if (vm === null) return false;
      startDrain(state, vm, request, markEligible);
      settled();
      return true;
    },
    setEligible(nodeId, eligible) {
      const vm = vmOf(nodeId);
      if (vm === null) return 'no-node';
      if (eligible && vm.drain !== null) return 'draining';
      vm.eligible = eligible;
      vm.modifyIndex = nextIndex(state);
      settled();
      return 'done';
    },
    resize(name, size) {
      const group = state.groups.find((one) => one.name === name);
      if (group === undefined) throw new Error(`no node group ${name}`);
      const victims = vmsOf(state, name).filter(isPresent).slice(size);
      deleteVms(
        state,
        group,
        victims.map((vm) => vm.name),
        timing,
      );
      group.size = size;
      settled();
    },
    deleteInstances(name, names) {
      const group = state.groups.find((one) => one.name === name);
      if (group === undefined) throw new Error(`no node group ${name}`);
      deleteVms(state, group, names, timing);
      settled();
    },
    setFrozenByOperator(frozen) {
      state.frozenByOperator = frozen;
    },
    setForeignPolicy(jobId, owned) {
      const job = jobOf(jobId);
      if (job !== null) job.foreignPolicy = owned;
    },
  };
}

function startDrain(
  state: ClusterState,
  vm: SimVm,
  request: DrainRequest | null,
  markEligible: boolean,
): void {
  const last = vm.lastDrain;
  if (request === null) {
    if (vm.drain !== null && last !== null) {
      vm.lastDrain = { ...last, status: 'canceled', updatedAt: state.now };
    }
    vm.drain = null;
    if (markEligible) vm.eligible = true;
  } else {
    const seconds = request.deadlineSeconds;
    vm.eligible = false;
    vm.drain = {
      deadlineAt: seconds === null ? null : state.now + Math.max(0, seconds) * 1000,
      ignoreSystemJobs: request.ignoreSystemJobs ?? false,
    };
    vm.lastDrain = {
      status: 'draining',
      startedAt: state.now,
      updatedAt: state.now,
      meta: request.meta ?? null,
    };
  }
  vm.modifyIndex = nextIndex(state);
}

/** When the next thing happens by itself. */
function nextDue(state: ClusterState, timing: Timing): Millis | null {
  let next = Number.POSITIVE_INFINITY;
  const at = (time: Millis | null) => {
    if (time !== null && time < next) next = time;
  };
  for (const vm of state.vms) {
    at(vm.until);
    if (vm.drain !== null && (vm.drain.deadlineAt ?? 0) > state.now) at(vm.drain.deadlineAt);
  }
  for (const one of state.allocations) {
    if (one.client === 'pending') at(one.runningAt);
    if (isLive(one) && one.healthy === null) at(one.healthyAt);
    if (isLive(one) && one.servesAt > state.now) at(one.servesAt);
    if (one.stoppedAt !== null && holdsSlots(one)) at(one.stoppedAt);
    const forgottenAt = (one.stoppedAt ?? Number.POSITIVE_INFINITY) + timing.allocationForgottenMs;
    if (!holdsSlots(one) && forgottenAt > state.now) at(forgottenAt);
  }
  for (const one of state.deployments) if (one.status === 'running') at(one.requireProgressBy);
  return next === Number.POSITIVE_INFINITY ? null : next;
}

function truth(state: ClusterState, job: SimJob): ZoneTruth {
  const own = state.allocations.filter((one) => one.job === job.id);
  const workers = (which: (one: (typeof own)[number]) => boolean) =>
    own.filter(which).length * job.workersPerAllocation;
  return {
    zone: job.zone,
    up: !state.zonesDown.includes(job.zone),
    desired: job.count * job.workersPerAllocation,
    ready: workers((one) => isLive(one) && one.servesAt <= state.now),
    starting: workers((one) => isLive(one) && one.servesAt > state.now),
    draining: workers((one) => one.desired === 'stop' && holdsSlots(one)),
    nodes: vmsOf(state, job.id).filter(isPresent).length,
  };
}

function isState(saved: unknown): saved is ClusterState {
  return typeof saved === 'object' && saved !== null && 'v' in saved && saved.v === 1 && 'vms' in saved;
}

export type { ScaleOutcome, ScaleRequest };
export { activeDeployment };
