/** Deployments watch the allocations of a scale: all healthy ends them well, no progress in time ends them badly. */
import {
  type ClusterState,
  holdsSlots,
  isLive,
  nextIndex,
  type SimAllocation,
  type SimDeployment,
  type SimJob,
} from './state.js';
import { missingSlots, tallyOf } from './tally.js';
import type { Timing } from './timing.js';

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
  if (job === undefined) return;
  if (status === 'successful') {
    for (const version of job.versions) if (version.version === one.jobVersion) version.stable = true;
    return;
  }
  job.abandoned = missingSlots(job, tallyOf(state).live(job)).filter(
    (slot) => !wasTakenAway(state, job, slot),
  ).length;
}

/** Ends it when as many as it asked for are healthy. */
export function judge(state: ClusterState, deployment: SimDeployment, live: SimAllocation[]): void {
  if (awaitsPromotion(deployment) || !isComplete(deployment, live)) return;
  endDeployment(state, deployment, 'successful', 'Deployment completed successfully');
}

export const isComplete = (deployment: SimDeployment, live: SimAllocation[]): boolean =>
  live.filter((one) => one.deployment === deployment.id && one.healthy === true).length >=
  deployment.desiredTotal;

/** Nothing is replaced before somebody says that its canaries are good. */
export const awaitsPromotion = (one: Pick<SimDeployment, 'desiredCanaries' | 'promoted'>): boolean =>
  one.desiredCanaries > 0 && !one.promoted;

export const healthyCanaries = (state: ClusterState, { id }: SimDeployment): number =>
  state.allocations.filter(
    (one) => one.deployment === id && one.canary === true && isLive(one) && one.healthy === true,
  ).length;

/** It waits for a promotion alone, for which there is no deadline. */
export const canariesAreWell = (state: ClusterState, one: SimDeployment): boolean =>
  awaitsPromotion(one) && healthyCanaries(state, one) >= one.desiredCanaries;

export function runningWords(
  one: Pick<SimDeployment, 'desiredCanaries' | 'promoted' | 'autoPromote'>,
): string {
  if (!awaitsPromotion(one)) return 'Deployment is running';
  return one.autoPromote
    ? 'Deployment is running pending automatic promotion'
    : 'Deployment is running but requires manual promotion';
}

/** One more is healthy: the deadline for the next begins anew. */
export function noteProgress(state: ClusterState, one: SimAllocation, timing: Timing): void {
  const deployment = state.deployments.find(
    (candidate) => candidate.id === one.deployment && candidate.status === 'running',
  );
  if (deployment === undefined) return;
  deployment.requireProgressBy = state.now + progressMsOf(state, one.job, timing);
  deployment.modifiedAt = state.now;
  deployment.modifyIndex = nextIndex(state);
}

export const progressMsOf = (state: ClusterState, job: string, timing: Timing): number =>
  state.jobs.find(({ id }) => id === job)?.update.progressMs ?? timing.progressMs;

/** A paused deployment replaces nothing by itself; the deadline for its progress goes on. */
export function pauseDeployment(
  state: ClusterState,
  one: SimDeployment,
  pause: boolean,
  timing: Timing,
): void {
  one.status = pause ? 'paused' : 'running';
  one.description = pause ? 'Deployment is paused' : 'Deployment is running';
  if (!pause) {
    one.requireProgressBy = state.now + progressMsOf(state, one.job, timing);
    const job = state.jobs.find((candidate) => candidate.id === one.job);
    if (job !== undefined) job.abandoned = 0;
  }
  one.modifiedAt = state.now;
  one.modifyIndex = nextIndex(state);
}

/** By a node that was lost or drained. */
function wasTakenAway(state: ClusterState, job: SimJob, slot: number): boolean {
  const newest = newestOf(state, job, slot);
  return (
    newest !== undefined &&
    (newest.client === 'lost' || newest.desiredDescription === 'alloc is being migrated')
  );
}

/** Taken away, and it has stopped: it keeps no room for the next one. */
export function isGone(state: ClusterState, job: SimJob, slot: number): boolean {
  const newest = newestOf(state, job, slot);
  return newest !== undefined && wasTakenAway(state, job, slot) && !holdsSlots(newest);
}

const newestOf = (state: ClusterState, job: SimJob, slot: number): SimAllocation | undefined =>
  state.allocations.findLast((one) => one.job === job.id && one.slot === slot && one.canary !== true);
