/** Evaluations: what Nomad remembers of why it placed, or could not. */
import { type ClusterState, latestDeployment, nextId, nextIndex, type SimJob } from './state.js';

/** Keeps one blocked evaluation per job as long as something waits for room. */
export function noteQueue(state: ClusterState, job: SimJob, queued: number): void {
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
