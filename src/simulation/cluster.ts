/**
 * The simulated cluster: GPU VMs in node groups, Nomad-like jobs placed on their slots, start-up times, zones that go out.
 * Time moves only by `advance`. It is the one truth behind the in-memory ports, the Nomad and the instance-group stand-in.
 * One node group and one job per fleet and zone, both named `<fleet>-<zone>`; the job's group is `workers`.
 */
import type { Millis } from '../core/model.js';
import { fireAllocations, stopAllocation } from './cluster/allocations.js';
import { promote } from './cluster/canaries.js';
import {
  awaitsPromotion,
  canariesAreWell,
  endDeployment,
  healthyCanaries,
  pauseDeployment,
} from './cluster/deployments.js';
import { type DrainRequest, startDrain } from './cluster/drains.js';
import { nextDue } from './cluster/due.js';
import { resetDevices } from './cluster/health.js';
import { holdImages, upgraded } from './cluster/images.js';
import { fitting, settle } from './cluster/place.js';
import { type RegisterOutcome, type RegisterRequest, registerJob } from './cluster/register.js';
import { addEvent, type ScaleOutcome, type ScaleRequest, scaleJob } from './cluster/scale.js';
import { firstState } from './cluster/start.js';
import {
  type ClusterState,
  isActive,
  isLive,
  nextIndex,
  type SimGroup,
  type SimIllness,
  type SimJob,
  type SimVm,
} from './cluster/state.js';
import { type Timing, timingOf } from './cluster/timing.js';
import { truth } from './cluster/truth.js';
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
  /** A replaced worker comes back to its node where it can, as with Nomad's sticky ephemeral disk; false when absent. */
  sticky?: boolean;
  /** Mean time of pulling a new image to a node; 150 when absent. */
  imagePullSeconds?: number;
}

export interface ZoneTruth {
  zone: string;
  up: boolean;
  desired: number;
  ready: number;
  /** Of the ready ones, those that really finish requests. */
  serving: number;
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

export type PromoteOutcome =
  | { kind: 'done' }
  | { kind: 'refused'; why: 'no-deployment' | 'over' }
  | { kind: 'refused'; why: 'unhealthy'; healthy: number; asked: number };

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
  /** Its canaries are good: the others are replaced. */
  promoteDeployment(id: string): PromoteOutcome;
  /** Changes the image, and the count where one is given; running workers are replaced by a deployment. */
  register(jobId: string, request: RegisterRequest): RegisterOutcome;
  /** False when there is no such deployment or it has ended. */
  pauseDeployment(id: string, pause: boolean): boolean;
  /** The scheduler starts another in its place. False when there is no such allocation. */
  stopAllocation(id: string): boolean;
  /** Every node of the job's group shall hold the image ready; null: none is asked for any more. */
  prepull(jobId: string, image: string | null): void;
  /** null cancels a drain. False when there is no such node. */
  drain(nodeId: string, request: DrainRequest | null, markEligible?: boolean): boolean;
  /** 'draining' when a draining node is asked to be eligible. */
  setEligible(nodeId: string, eligible: boolean): 'done' | 'draining' | 'no-node';
  /**
   * The cloud will stop the VM in so many seconds; it boots again after `downSeconds`, or never (null). null instead of a
   * request withdraws it. False when there is no such VM, or it is stopped already.
   */
  maintain(node: string, request: { inSeconds: number; downSeconds: number | null } | null): boolean;
  /** The notice of this VM was taken by whoever listens. */
  toldMaintenance(node: string): void;
  /** Makes a running worker ill, or well again (null). False when there is no such worker. */
  sicken(id: string, illness: { kind: SimIllness; slots?: number } | null): boolean;
  /** The node's GPU fails, or works again. False when there is no such node. */
  setDevice(nodeId: string, works: boolean): boolean;
  /** What all workers need to finish their work goes out, or is back. */
  setDependency(there: boolean): void;
  /** Absolute. Below the present size the cloud picks the victims. */
  resize(group: string, size: number): void;
  deleteInstances(group: string, names: string[]): void;
  /** The most VMs that the cloud grants the group from now on; those there are stay. */
  grant(group: string, most: number): void;
  setFrozenByOperator(frozen: boolean): void;
  /** Another autoscaler's checks in the job's scaling policy. */
  setForeignPolicy(jobId: string, owned: boolean): void;
  /** The job's first and last worker bear one number from now on. */
  shareNumbers(jobId: string): void;
}

export function createCluster(spec: ClusterSpec): Cluster {
  const timing = timingOf(spec);
  return clusterOver(spec, timing, firstState(spec, timing));
}

/** Goes on from what `save` gave, under the same spec. */
export function restoreCluster(spec: ClusterSpec, saved: unknown): Cluster {
  if (!isState(saved)) throw new Error('the saved cluster is not of version 1');
  return clusterOver(spec, timingOf(spec), upgraded(structuredClone(saved)));
}

function clusterOver(spec: ClusterSpec, timing: Timing, state: ClusterState): Cluster {
  let due: Millis | null | undefined;
  const settled = () => {
    fillGroups(state, timing);
    holdImages(state, timing);
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
        resetDevices(state);
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
      return job === null ? 0 : fitting(state, job, count);
    },
    failDeployment(id) {
      const deployment = state.deployments.find((one) => one.id === id && isActive(one));
      if (deployment === undefined) return false;
      endDeployment(state, deployment, 'failed', 'Deployment marked as failed');
      settled();
      return true;
    },
    promoteDeployment(id) {
      const deployment = state.deployments.find((one) => one.id === id);
      if (deployment === undefined) return { kind: 'refused', why: 'no-deployment' };
      if (!isActive(deployment)) return { kind: 'refused', why: 'over' };
      const healthy = healthyCanaries(state, deployment);
      if (awaitsPromotion(deployment)) {
        if (!canariesAreWell(state, deployment))
          return { kind: 'refused', why: 'unhealthy', healthy, asked: deployment.desiredCanaries };
        promote(state, deployment, timing);
        settled();
      }
      return { kind: 'done' };
    },
    register(jobId, request) {
      const outcome = registerJob(state, jobId, request, timing);
      settled();
      return outcome;
    },
    pauseDeployment(id, pause) {
      const deployment = state.deployments.find((one) => one.id === id && isActive(one));
      if (deployment === undefined) return false;
      pauseDeployment(state, deployment, pause, timing);
      settled();
      return true;
    },
    stopAllocation(id) {
      const one = state.allocations.find((candidate) => candidate.id === id);
      if (one === undefined) return false;
      if (isLive(one)) stopAllocation(state, one, 'alloc is being migrated', timing.workerStopMs);
      settled();
      return true;
    },
    prepull(jobId, image) {
      state.prepulls = state.prepulls.filter((one) => one.job !== jobId);
      if (image !== null) state.prepulls.push({ job: jobId, image, at: state.now });
      nextIndex(state);
      settled();
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
    maintain(node, request) {
      const vm = state.vms.find((one) => (one.id === node || one.name === node) && one.state === 'ready');
      if (vm === undefined) return false;
      if (request === null) delete vm.maintenance;
      else {
        vm.maintenance = {
          at: state.now + request.inSeconds * 1000,
          downMs: request.downSeconds === null ? null : request.downSeconds * 1000,
          told: false,
        };
      }
      nextIndex(state);
      settled();
      return true;
    },
    toldMaintenance(node) {
      const vm = state.vms.find((one) => one.id === node);
      if (vm?.maintenance !== undefined) vm.maintenance.told = true;
    },
    sicken(id, illness) {
      const one = state.allocations.find((each) => each.id === id && isLive(each));
      if (one === undefined) return false;
      if (illness === null) delete one.ill;
      else {
        const job = jobOf(one.job);
        const { kind, slots = job?.workersPerAllocation ?? 1 } = illness;
        one.ill = { kind, since: state.now, slots };
      }
      return true;
    },
    setDevice(nodeId, works) {
      const vm = state.vms.find((one) => (one.id === nodeId || one.name === nodeId) && one.state === 'ready');
      if (vm === undefined) return false;
      if (works) delete vm.deviceFailedAt;
      else vm.deviceFailedAt ??= state.now;
      return true;
    },
    setDependency(there) {
      if (there) delete state.dependencyOutAt;
      else state.dependencyOutAt ??= state.now;
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
    grant(name, most) {
      const group = state.groups.find((one) => one.name === name);
      if (group === undefined) throw new Error(`no node group ${name}`);
      group.maxSize = most;
      settled();
    },
    setFrozenByOperator(frozen) {
      state.frozenByOperator = frozen;
    },
    setForeignPolicy(jobId, owned) {
      const job = jobOf(jobId);
      if (job !== null) job.foreignPolicy = owned;
    },
    shareNumbers(jobId) {
      const job = jobOf(jobId);
      if (job !== null) job.sharedNumbers = true;
    },
  };
}

function isState(saved: unknown): saved is ClusterState {
  return typeof saved === 'object' && saved !== null && 'v' in saved && saved.v === 1 && 'vms' in saved;
}

export type { DrainRequest, RegisterOutcome, RegisterRequest, ScaleOutcome, ScaleRequest, SimIllness };
