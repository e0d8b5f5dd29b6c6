/**
 * Canaries: workers of a new version that come on top of the count, each with the number of one that it is to replace.
 * Until they are promoted nothing is replaced; they go when their deployment fails or another one comes.
 */
import { stopAllocation } from './allocations.js';
import { awaitsPromotion, canariesAreWell, runningWords } from './deployments.js';
import { bestVm, place, placeable } from './room.js';
import {
  activeDeployment,
  type ClusterState,
  isLive,
  nextIndex,
  type SimAllocation,
  type SimDeployment,
  type SimJob,
} from './state.js';
import { tallyOf } from './tally.js';
import type { Timing } from './timing.js';

const NOT_NEEDED = 'alloc not needed due to job update';

/** Stops those that nobody waits for, places those that are missing, and promotes where nobody is to be asked. */
export function settleCanaries(state: ClusterState, timing: Timing): void {
  const areAny = state.allocations.some((one) => one.canary === true);
  if (!areAny && !state.deployments.some(awaitsPromotion)) return;
  for (const job of state.jobs) settleJob(state, job, timing);
}

function settleJob(state: ClusterState, job: SimJob, timing: Timing): void {
  const deployment = activeDeployment(state, job.id);
  for (const one of canariesOf(state, job)) {
    const vm = state.vms.find(({ id }) => id === one.vm);
    if (one.deployment === deployment?.id && vm?.drain === null) continue;
    const why = vm?.drain === null ? NOT_NEEDED : 'alloc is being migrated';
    stopAllocation(state, one, why, timing.workerStopMs);
  }
  if (deployment?.status !== 'running' || !awaitsPromotion(deployment)) return;
  const there = canariesOf(state, job);
  const taken = there.map(({ slot }) => slot);
  const old = tallyOf(state)
    .live(job)
    .filter((one) => one.image !== job.image)
    .map(({ slot }) => slot)
    .sort((a, b) => a - b);
  for (let n = 0; taken.length < deployment.desiredCanaries; n += 1) {
    const slot = old[n] ?? job.count + n;
    if (taken.includes(slot)) continue;
    const vm = bestVm(placeable(state, job), job, tallyOf(state));
    if (vm === null) break;
    const putting = {
      image: job.image,
      version: job.version,
      slot,
      vm,
      free: state.now,
      canary: true as const,
    };
    deployment.canaries.push(place(state, job, putting, timing).id);
    deployment.requireProgressBy = state.now + timing.progressMs;
    taken.push(slot);
  }
  if (deployment.autoPromote && canariesAreWell(state, deployment)) promote(state, deployment, timing);
}

/** Canaries become workers like others, and those whose numbers they bear stop; the rest is replaced as ever. */
export function promote(state: ClusterState, deployment: SimDeployment, timing: Timing): void {
  deployment.promoted = true;
  if (deployment.status === 'running') deployment.description = runningWords(deployment);
  deployment.requireProgressBy = state.now + timing.progressMs;
  deployment.modifiedAt = state.now;
  deployment.modifyIndex = nextIndex(state);
  const job = state.jobs.find(({ id }) => id === deployment.job);
  if (job === undefined) return;
  for (const canary of canariesOf(state, job)) {
    const before = tallyOf(state)
      .live(job)
      .find(({ slot }) => slot === canary.slot);
    if (before !== undefined) stopAllocation(state, before, NOT_NEEDED, timing.workerStopMs);
    delete canary.canary;
    canary.modifyIndex = nextIndex(state);
  }
}

const canariesOf = (state: ClusterState, job: SimJob): SimAllocation[] =>
  state.allocations.filter((one) => one.job === job.id && one.canary === true && isLive(one));
