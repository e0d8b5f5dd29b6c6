/** A job registered anew, as Nomad does it: counts are kept unless one is given, and a change opens a deployment. */
import { isDeepStrictEqual } from 'node:util';
import { addEvaluation } from './evaluations.js';
import { newVersion, openDeployment } from './scale.js';
import { type ClusterState, nextId, type SimUpdate } from './state.js';
import type { Timing } from './timing.js';

export interface RegisterRequest {
  image: string;
  /** Absent: the live count is preserved. */
  count?: number;
  update?: Partial<SimUpdate>;
  /** The job-modify index that must still hold; absent: any. */
  enforceIndex?: number;
}

export type RegisterOutcome =
  | { kind: 'done'; evalId: string; jobModifyIndex: number }
  | { kind: 'refused'; why: 'no-job' | 'frozen' }
  | { kind: 'refused'; why: 'index'; actual: number };

/** A deadline of its own is never left over: a stanza that names none has the cluster's. */
function updated(before: SimUpdate, change: Partial<SimUpdate> | undefined): SimUpdate {
  if (change === undefined) return before;
  const { progressMs: _own, ...rest } = before;
  return { ...rest, ...change };
}

/** Unlike a scale, it is taken while a deployment runs: that one is cancelled. */
export function registerJob(
  state: ClusterState,
  jobId: string,
  request: RegisterRequest,
  timing: Timing,
): RegisterOutcome {
  const job = state.jobs.find((one) => one.id === jobId);
  if (job === undefined) return { kind: 'refused', why: 'no-job' };
  if (state.frozenByOperator) return { kind: 'refused', why: 'frozen' };
  if (request.enforceIndex !== undefined && request.enforceIndex !== job.jobModifyIndex)
    return { kind: 'refused', why: 'index', actual: job.jobModifyIndex };
  const evalId = nextId(state);
  const count = request.count ?? job.count;
  const update = updated(job.update, request.update);
  const changes =
    request.image !== job.image || count !== job.count || !isDeepStrictEqual(update, job.update);
  job.image = request.image;
  job.count = count;
  job.update = update;
  if (changes) {
    newVersion(state, job);
    openDeployment(state, job, timing);
  }
  addEvaluation(state, job, { id: evalId, triggeredBy: 'job-register', status: 'complete', queued: 0 });
  return { kind: 'done', evalId, jobModifyIndex: job.jobModifyIndex };
}
