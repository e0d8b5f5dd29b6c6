/** An allocation's life: placed, running, healthy; told to stop, complete, forgotten. */
import { canariesAreWell, endDeployment, noteProgress } from './deployments.js';
import { type ClusterState, holdsSlots, isActive, isLive, nextIndex, type SimAllocation } from './state.js';
import { missingSlots, tallyOf } from './tally.js';
import type { Timing } from './timing.js';

/** What falls due for allocations and deployments now. */
export function fireAllocations(state: ClusterState, timing: Timing): void {
  for (const one of state.allocations) {
    if (one.client === 'pending' && one.runningAt <= state.now) touch(state, one, { client: 'running' });
    if (isLive(one) && one.healthy === null && one.healthyAt <= state.now) {
      touch(state, one, { healthy: true });
      noteProgress(state, one, timing);
    }
    if (isLive(one) && one.healthy === null && one.failsAt !== null && one.failsAt <= state.now)
      touch(state, one, { healthy: false });
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
    // A paused one, too: Nomad before 2.0.1 makes no difference.
    if (isActive(one) && !canariesAreWell(state, one) && one.requireProgressBy <= state.now) {
      endDeployment(state, one, 'failed', 'Failed due to progress deadline');
    }
  }
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

/** The last trace of a lost worker stays until it is replaced: it says that the slot was placed once. */
function isAwaited(state: ClusterState, one: SimAllocation): boolean {
  if (one.client !== 'lost') return false;
  const job = state.jobs.find((candidate) => candidate.id === one.job);
  return job !== undefined && missingSlots(job, tallyOf(state).live(job)).includes(one.slot);
}

function touch(state: ClusterState, one: SimAllocation, change: Partial<SimAllocation>): void {
  Object.assign(one, change);
  one.modifyIndex = nextIndex(state);
}
