/** Nomad's half of the cluster: allocations are placed, become healthy, stop; drains move them; deployments watch them. */
import {
  activeDeployment,
  type ClusterState,
  holdsSlots,
  isLive,
  latestDeployment,
  nextId,
  nextIndex,
  type SimAllocation,
  type SimDeployment,
  type SimJob,
  type SimVm,
} from './state.js';
import type { Timing } from './timing.js';

/** Lets everything that can happen now happen: drains, then placement, then deployments. */
export function settle(state: ClusterState, timing: Timing): void {
  for (const vm of state.vms) if (vm.drain !== null) stepDrain(state, vm, timing);
  for (const job of state.jobs) reconcile(state, job, timing);
  for (const one of state.deployments) if (one.status === 'running') judge(state, one);
}

/** What falls due for allocations and deployments now. */
export function fireAllocations(state: ClusterState, timing: Timing): void {
  for (const one of state.allocations) {
    if (one.client === 'pending' && one.runningAt <= state.now) touch(state, one, { client: 'running' });
    if (isLive(one) && one.healthy === null && one.healthyAt <= state.now) becomeHealthy(state, one, timing);
    if (holdsSlots(one) && one.stoppedAt !== null && one.stoppedAt <= state.now) {
      touch(state, one, { client: 'complete' });
    }
  }
  const forgotten = (one: SimAllocation) =>
    !holdsSlots(one) &&
    one.stoppedAt !== null &&
    one.stoppedAt + timing.allocationForgottenMs <= state.now &&
    !isAwaited(state, one);
  if (state.allocations.some(forgotten))
    state.allocations = state.allocations.filter((one) => !forgotten(one));
  for (const one of state.deployments) {
    if (one.status === 'running' && one.requireProgressBy <= state.now) {
      endDeployment(state, one, 'failed', 'Failed due to progress deadline');
    }
  }
}

/** How many more allocations of the job its eligible, ready nodes take. */
export function roomFor(state: ClusterState, job: SimJob): number {
  let room = 0;
  for (const vm of placeable(state, job))
    room += Math.floor(freeSlots(state, vm, job) / job.workersPerAllocation);
  return room;
}

export function liveOf(state: ClusterState, job: SimJob): SimAllocation[] {
  return state.allocations.filter((one) => one.job === job.id && isLive(one));
}

export function stopAllocation(state: ClusterState, one: SimAllocation, why: string, stopMs: number): void {
  const pending = one.client === 'pending';
  touch(state, one, {
    desired: 'stop',
    desiredDescription: why,
    stoppedAt: pending ? state.now : state.now + stopMs,
  });
  if (pending) one.client = 'complete';
}

/** A failed deployment asks for no more placements; what a lost node took away is still replaced. */
export function endDeployment(
  state: ClusterState,
  one: SimDeployment,
  status: 'successful' | 'failed',
  description: string,
): void {
  one.status = status;
  one.description = description;
  one.modifiedAt = state.now;
  one.modifyIndex = nextIndex(state);
  const job = state.jobs.find((candidate) => candidate.id === one.job);
  if (job === undefined || status === 'successful') return;
  job.abandoned = missingSlots(state, job).filter((slot) => !wasPlaced(state, job, slot)).length;
}

function stepDrain(state: ClusterState, vm: SimVm, timing: Timing): void {
  const drain = vm.drain;
  if (drain === null) return;
  const due = drain.deadlineAt !== null && drain.deadlineAt <= state.now;
  for (const job of state.jobs) {
    const here = liveOf(state, job).filter((one) => one.vm === vm.id);
    if (here.length === 0) continue;
    const serving = liveOf(state, job).filter((one) => one.servesAt <= state.now).length;
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

function reconcile(state: ClusterState, job: SimJob, timing: Timing): void {
  const live = liveOf(state, job).sort((a, b) => b.slot - a.slot);
  for (const extra of live.slice(0, Math.max(0, live.length - job.count))) {
    stopAllocation(state, extra, 'alloc not needed due to job update', timing.workerStopMs);
  }
  const missing = missingSlots(state, job);
  const wanted = missing.length - job.abandoned;
  let placed = 0;
  for (const slot of missing) {
    if (placed >= wanted) break;
    const vm = bestVm(state, job);
    if (vm === null) break;
    place(state, job, slot, vm, timing);
    placed += 1;
  }
  noteQueue(state, job, Math.max(0, wanted - placed));
}

function missingSlots(state: ClusterState, job: SimJob): number[] {
  const live = liveOf(state, job);
  const taken = new Set(live.map((one) => one.slot));
  const free: number[] = [];
  for (let slot = 0; free.length < job.count - live.length; slot += 1) if (!taken.has(slot)) free.push(slot);
  return free;
}

/** Binpack: the fullest node that still takes it, then the oldest. */
function bestVm(state: ClusterState, job: SimJob): SimVm | null {
  let best: SimVm | null = null;
  let bestFree = Number.POSITIVE_INFINITY;
  for (const vm of placeable(state, job)) {
    const free = freeSlots(state, vm, job);
    if (free < job.workersPerAllocation || free >= bestFree) continue;
    best = vm;
    bestFree = free;
  }
  return best;
}

function placeable(state: ClusterState, job: SimJob): SimVm[] {
  return state.vms.filter(
    (vm) => vm.group === job.id && vm.state === 'ready' && vm.eligible && vm.drain === null,
  );
}

function freeSlots(state: ClusterState, vm: SimVm, job: SimJob): number {
  const slots = state.groups.find((group) => group.name === vm.group)?.slotsPerNode ?? 0;
  const used = state.allocations.filter((one) => one.vm === vm.id && holdsSlots(one)).length;
  return slots - used * job.workersPerAllocation;
}

function place(state: ClusterState, job: SimJob, slot: number, vm: SimVm, timing: Timing): void {
  const runningAt = state.now + Math.max(0, timing.workerStartMs - timing.minHealthyMs);
  const servesAt = state.now + timing.workerStartMs;
  state.allocations.push({
    id: nextId(state),
    job: job.id,
    slot,
    vm: vm.id,
    desired: 'run',
    client: 'pending',
    desiredDescription: '',
    jobVersion: job.version,
    deployment: activeDeployment(state, job.id)?.id ?? null,
    healthy: null,
    healthyAt: Math.max(servesAt, runningAt + timing.minHealthyMs),
    placedAt: state.now,
    runningAt,
    servesAt,
    stoppedAt: null,
    evalId: state.evaluations.findLast((one) => one.job === job.id)?.id ?? '',
    createIndex: nextIndex(state),
    modifyIndex: state.index,
  });
}

/** Keeps one blocked evaluation per job as long as something waits for room. */
function noteQueue(state: ClusterState, job: SimJob, queued: number): void {
  const blocked = state.evaluations.find((one) => one.job === job.id && one.status === 'blocked');
  if (queued === 0) {
    if (blocked !== undefined) {
      blocked.status = 'complete';
      blocked.queued = 0;
      blocked.modifyIndex = nextIndex(state);
    }
    return;
  }
  if (blocked !== undefined) {
    blocked.queued = queued;
    return;
  }
  const cause = state.evaluations.findLast((one) => one.job === job.id);
  const id = nextId(state);
  if (cause !== undefined && cause.at === state.now) {
    cause.blockedEval = id;
    cause.queued = queued;
  }
  addEvaluation(state, job, { id, triggeredBy: 'queued-allocs', status: 'blocked', queued });
}

/** Remembers an evaluation; the oldest of a job are forgotten. */
export function addEvaluation(
  state: ClusterState,
  job: SimJob,
  what: { id: string; triggeredBy: string; status: 'complete' | 'blocked'; queued: number },
): void {
  state.evaluations.push({
    ...what,
    job: job.id,
    blockedEval: null,
    deployment: latestDeployment(state, job.id)?.id ?? null,
    at: state.now,
    createIndex: nextIndex(state),
    modifyIndex: state.index,
  });
  const own = state.evaluations.filter((one) => one.job === job.id && one.status !== 'blocked');
  const oldest = own.length > 20 ? own[0] : undefined;
  if (oldest !== undefined) state.evaluations = state.evaluations.filter((one) => one !== oldest);
}

function judge(state: ClusterState, deployment: SimDeployment): void {
  const own = state.allocations.filter((one) => one.deployment === deployment.id && isLive(one));
  const healthy = own.filter((one) => one.healthy === true).length;
  if (healthy < deployment.desiredTotal) return;
  endDeployment(state, deployment, 'successful', 'Deployment completed successfully');
}

function becomeHealthy(state: ClusterState, one: SimAllocation, timing: Timing): void {
  touch(state, one, { healthy: true });
  const deployment = state.deployments.find(
    (candidate) => candidate.id === one.deployment && candidate.status === 'running',
  );
  if (deployment === undefined) return;
  deployment.requireProgressBy = state.now + timing.progressMs;
  deployment.modifiedAt = state.now;
  deployment.modifyIndex = nextIndex(state);
}

function wasPlaced(state: ClusterState, job: SimJob, slot: number): boolean {
  const newest = state.allocations.findLast((one) => one.job === job.id && one.slot === slot);
  return (
    newest !== undefined &&
    (newest.client === 'lost' || newest.desiredDescription === 'alloc is being migrated')
  );
}

/** The last trace of a lost worker stays until it is replaced: it says that the slot was placed once. */
function isAwaited(state: ClusterState, one: SimAllocation): boolean {
  if (one.client !== 'lost') return false;
  const job = state.jobs.find((candidate) => candidate.id === one.job);
  return job !== undefined && missingSlots(state, job).includes(one.slot);
}

function touch(state: ClusterState, one: SimAllocation, change: Partial<SimAllocation>): void {
  Object.assign(one, change);
  one.modifyIndex = nextIndex(state);
}
