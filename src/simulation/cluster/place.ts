/** Nomad's scheduler: what a drain moves, what a job lacks or has too many of, and where it goes. */

import { stopAllocation } from './allocations.js';
import { settleCanaries } from './canaries.js';
import { awaitsPromotion, isGone, judge } from './deployments.js';
import { noteQueue } from './evaluations.js';
import { bestVm, place, placeable } from './room.js';
import {
  activeDeployment,
  type ClusterState,
  holdsSlots,
  latestDeployment,
  nextIndex,
  type SimAllocation,
  type SimJob,
  type SimVersion,
  type SimVm,
} from './state.js';
import { missingSlots, type Tally, tallyOf } from './tally.js';
import type { Timing } from './timing.js';

const NOT_NEEDED = 'alloc not needed due to job update';

/** Lets everything that can happen now happen: drains, then cuts, then placement, then deployments. */
export function settle(state: ClusterState, timing: Timing): void {
  for (const vm of state.vms) if (vm.drain !== null) stepDrain(state, vm, timing);
  const before = tallyOf(state);
  for (const job of state.jobs) cut(state, job, before.live(job), timing);
  settleCanaries(state, timing);
  for (const job of state.jobs) roll(state, job, timing);
  const tally = tallyOf(state);
  for (const job of state.jobs) reconcile(state, job, tally, timing);
  for (const one of state.deployments) {
    const job = state.jobs.find((candidate) => candidate.id === one.job);
    if (one.status === 'running' && job !== undefined) judge(state, one, tally.live(job));
  }
}

/** The largest count up to `count` that the job's eligible, ready nodes could run. */
export function fitting(state: ClusterState, job: SimJob, count: number): number {
  const tally = tallyOf(state);
  let fits = tally.live(job).length;
  for (const vm of placeable(state, job)) {
    fits += Math.max(0, Math.floor(tally.free(vm, job) / job.workersPerAllocation));
  }
  return Math.min(count, fits);
}

function stepDrain(state: ClusterState, vm: SimVm, timing: Timing): void {
  const drain = vm.drain;
  if (drain === null) return;
  const due = drain.deadlineAt !== null && drain.deadlineAt <= state.now;
  for (const job of state.jobs) {
    const here = tallyOf(state)
      .live(job)
      .filter((one) => one.vm === vm.id);
    if (here.length === 0) continue;
    const serving = tallyOf(state)
      .live(job)
      .filter((one) => one.servesAt <= state.now).length;
    // The migrate stanza's max_parallel of 1: at most one worker fewer than asked for, until the deadline.
    const many = due ? here.length : Math.max(0, serving - (job.count - 1));
    for (const one of here.slice(0, many)) {
      stopAllocation(state, one, 'alloc is being migrated', timing.workerStopMs);
    }
  }
  if (state.allocations.some((one) => one.vm === vm.id && holdsSlots(one))) return;
  vm.drain = null;
  vm.modifyIndex = nextIndex(state);
  if (vm.lastDrain !== null) {
    vm.lastDrain = { ...vm.lastDrain, status: 'complete', updatedAt: state.now };
  }
}

function cut(state: ClusterState, job: SimJob, live: SimAllocation[], timing: Timing): void {
  if (live.length <= job.count) return;
  const newestFirst = [...live].sort((a, b) => b.slot - a.slot);
  for (const extra of newestFirst.slice(0, live.length - job.count)) {
    stopAllocation(state, extra, NOT_NEEDED, timing.workerStopMs);
  }
}

/**
 * Nomad's own rolling update: while a deployment runs, workers of another image are replaced in the order of their
 * numbers, at most `maxParallel` at once, and none while a new one is unhealthy.
 */
function roll(state: ClusterState, job: SimJob, timing: Timing): void {
  const deployment = activeDeployment(state, job.id);
  if (deployment === null || deployment.status !== 'running' || awaitsPromotion(deployment)) return;
  const live = tallyOf(state).live(job);
  const old = live.filter((one) => one.image !== job.image).sort(bySlot);
  if (job.sharedNumbers === true) old.reverse();
  if (old.length === 0) return;
  const fresh = live.filter((one) => one.image === job.image);
  if (fresh.some((one) => one.healthy === false)) return;
  const underWay = job.count - old.length - fresh.filter((one) => one.healthy === true).length;
  for (const one of old.slice(0, Math.max(0, job.update.maxParallel - underWay)))
    stopAllocation(state, one, 'alloc is being updated due to job update', timing.workerStopMs);
}

const bySlot = (a: SimAllocation, b: SimAllocation): number => a.slot - b.slot;

function reconcile(state: ClusterState, job: SimJob, tally: Tally, timing: Timing): void {
  const missing = missingSlots(job, tally.live(job));
  const wanted = missing.length - job.abandoned;
  const vms = wanted > 0 ? placeable(state, job) : [];
  const what = provenOf(state, job);
  let placed = 0;
  for (const slot of missing) {
    if (placed >= wanted) break;
    const before = job.sticky ? replaced(state, job, slot) : null;
    const home = before === null ? null : homeOf(before, vms, state, job, tally);
    const vm = home ?? bestVm(vms, job, tally);
    if (vm === null) break;
    // It waits for the end of the one whose place it takes.
    const free = home === null ? state.now : Math.max(state.now, before?.stoppedAt ?? 0);
    tally.add(place(state, job, { ...what, slot, vm, free }, timing));
    placed += 1;
  }
  // Under a paused deployment what a node took along is placed at once or never.
  const unplaced = Math.max(0, wanted - placed);
  if (unplaced > 0 && activeDeployment(state, job.id)?.status === 'paused') {
    const left = missing.slice(placed).filter((slot) => isGone(state, job, slot)).length;
    job.abandoned += Math.min(unplaced, left);
  }
  noteQueue(state, job, unplaced);
}

/** What a worker comes up with that is no canary: the new version only once its canaries were promoted. */
function provenOf(state: ClusterState, job: SimJob): Pick<SimVersion, 'image' | 'version'> {
  const deployment = latestDeployment(state, job.id);
  const isTried = deployment?.jobVersion === job.version && awaitsPromotion(deployment);
  const proven = isTried ? job.versions.findLast((one) => one.stable) : undefined;
  return proven ?? job;
}

/** The worker that was told to stop so that this number starts anew; null when the number is new, or was given up. */
function replaced(state: ClusterState, job: SimJob, slot: number): SimAllocation | null {
  const last = state.allocations.findLast(
    (one) => one.job === job.id && one.slot === slot && one.canary !== true,
  );
  return last?.desired === 'stop' && last.desiredDescription !== NOT_NEEDED ? last : null;
}

/** Its node, when it takes work and has room beside those that stay: who is told to stop counts no more. */
function homeOf(
  before: SimAllocation,
  vms: SimVm[],
  state: ClusterState,
  job: SimJob,
  tally: Tally,
): SimVm | null {
  const vm = vms.find(({ id }) => id === before.vm);
  if (vm === undefined) return null;
  const slots = state.groups.find(({ name }) => name === vm.group)?.slotsPerNode ?? 0;
  const staying = tally.live(job).filter((one) => one.vm === vm.id).length;
  return slots - staying * job.workersPerAllocation >= job.workersPerAllocation ? vm : null;
}
