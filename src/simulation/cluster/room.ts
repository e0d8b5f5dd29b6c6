/** Which nodes take a worker, and a worker put on one. */
import type { Millis } from '../../core/model.js';
import { failureMs, NEVER, natureOf, pull } from './images.js';
import {
  activeDeployment,
  type ClusterState,
  nextId,
  nextIndex,
  type SimAllocation,
  type SimJob,
  type SimVersion,
  type SimVm,
} from './state.js';
import type { Tally } from './tally.js';
import type { Timing } from './timing.js';

/** Binpack: the fullest node that still takes it, then the oldest. */
export function bestVm(vms: SimVm[], job: SimJob, tally: Tally): SimVm | null {
  let best: SimVm | null = null;
  let bestFree = Number.POSITIVE_INFINITY;
  for (const vm of vms) {
    const free = tally.free(vm, job);
    if (free < job.workersPerAllocation || free >= bestFree) continue;
    best = vm;
    bestFree = free;
  }
  return best;
}

export function placeable(state: ClusterState, job: SimJob): SimVm[] {
  return state.vms.filter(
    (vm) => vm.group === job.id && vm.state === 'ready' && vm.eligible && vm.drain === null,
  );
}

/** What is put where: an image of a version, under a number, on a node whose slot is free from then on. */
export interface Putting extends Pick<SimVersion, 'image' | 'version'> {
  slot: number;
  vm: SimVm;
  free: Millis;
  canary?: true;
}

export function place(
  state: ClusterState,
  job: SimJob,
  { image, version, slot, vm, free, canary }: Putting,
  timing: Timing,
): SimAllocation {
  const from = Math.max(free, pull(state, vm, image, timing));
  const nature = natureOf(image);
  const good = nature === 'good' || nature === 'hollow';
  const runningAt = good ? from + Math.max(0, timing.workerStartMs - timing.minHealthyMs) : from;
  const servesAt = good ? from + timing.workerStartMs : NEVER;
  const one: SimAllocation = {
    id: nextId(state),
    job: job.id,
    slot,
    vm: vm.id,
    desired: 'run',
    client: 'pending',
    desiredDescription: '',
    jobVersion: version,
    // One of the version before stands in for a lost one, and is no part of what is tried.
    deployment: version === job.version ? (activeDeployment(state, job.id)?.id ?? null) : null,
    healthy: null,
    healthyAt: Math.max(servesAt, runningAt + timing.minHealthyMs),
    image,
    ...(canary === undefined ? {} : { canary }),
    ...(nature === 'hollow'
      ? { ill: { kind: 'no-model' as const, since: state.now, slots: job.workersPerAllocation } }
      : {}),
    failsAt: good ? null : state.now + failureMs(nature, from - state.now, timing),
    placedAt: state.now,
    runningAt,
    servesAt,
    stoppedAt: null,
    evalId: state.evaluations.findLast((one) => one.job === job.id)?.id ?? '',
    createIndex: nextIndex(state),
    modifyIndex: state.index,
  };
  state.allocations.push(one);
  return one;
}
