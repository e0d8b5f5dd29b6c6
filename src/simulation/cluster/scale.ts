/** A scaling request as Nomad 1.x and 2.x judge it: bounds first, then the active deployment, then the index. */
import { runningWords } from './deployments.js';
import { addEvaluation } from './evaluations.js';
import { activeDeployment, type ClusterState, nextId, nextIndex, type SimJob } from './state.js';
import { tallyOf } from './tally.js';
import type { Timing } from './timing.js';

export interface ScaleRequest {
  /** null: an event only. */
  count: number | null;
  error?: boolean;
  message?: string;
  meta?: Record<string, unknown> | null;
  /** The job-modify index that must still hold; 0 or absent: any. */
  enforceIndex?: number;
}

export type ScaleOutcome =
  | { kind: 'done'; evalId: string; evalIndex: number; jobModifyIndex: number }
  | { kind: 'refused'; why: 'no-job' | 'frozen' | 'deployment' }
  | { kind: 'refused'; why: 'above-max' | 'below-min'; bound: number }
  | { kind: 'refused'; why: 'index'; actual: number };

const EVENTS_KEPT = 20;
/** Nomad's default. */
const VERSIONS_KEPT = 6;
/** Who asks why a version is bad reads those that failed; the others are forgotten. */
const FAILED_KEPT = 5;

export function scaleJob(
  state: ClusterState,
  jobId: string,
  request: ScaleRequest,
  timing: Timing,
): ScaleOutcome {
  const job = state.jobs.find((one) => one.id === jobId);
  if (job === undefined) return { kind: 'refused', why: 'no-job' };
  if (state.frozenByOperator) return { kind: 'refused', why: 'frozen' };
  if (request.count === null) {
    addEvent(state, job, request, null);
    return { kind: 'done', evalId: '', evalIndex: 0, jobModifyIndex: job.jobModifyIndex };
  }
  const bounds = job.scaling;
  if (bounds !== null && request.count > bounds.max) {
    return { kind: 'refused', why: 'above-max', bound: bounds.max };
  }
  if (bounds !== null && request.count < bounds.min) {
    return { kind: 'refused', why: 'below-min', bound: bounds.min };
  }
  if (activeDeployment(state, jobId) !== null) return { kind: 'refused', why: 'deployment' };
  const enforced = request.enforceIndex ?? 0;
  if (enforced > 0 && enforced !== job.jobModifyIndex) {
    return { kind: 'refused', why: 'index', actual: job.jobModifyIndex };
  }
  const evalId = nextId(state);
  addEvent(state, job, request, evalId);
  job.count = request.count;
  newVersion(state, job);
  openDeployment(state, job, timing);
  addEvaluation(state, job, { id: evalId, triggeredBy: 'job-scaling', status: 'complete', queued: 0 });
  return { kind: 'done', evalId, evalIndex: state.index, jobModifyIndex: job.jobModifyIndex };
}

/** Writes an event without a change: what 1.1 does when it refuses (meta holds the original request). */
export function addEvent(
  state: ClusterState,
  job: SimJob,
  request: ScaleRequest,
  evalId: string | null,
): void {
  job.events.unshift({
    count: request.count,
    previousCount: job.count,
    error: request.error ?? false,
    message: request.message ?? '',
    meta: request.meta ?? null,
    evalId,
    at: state.now,
    createIndex: nextIndex(state),
  });
  job.events.length = Math.min(job.events.length, EVENTS_KEPT);
}

export function newVersion(state: ClusterState, job: SimJob): void {
  job.version += 1;
  const { version, image, count } = job;
  job.versions.push({ version, image, count, stable: false, at: state.now, update: { ...job.update } });
  job.versions = job.versions.slice(-VERSIONS_KEPT);
  job.abandoned = 0;
  job.submittedAt = state.now;
  job.jobModifyIndex = nextIndex(state);
  job.modifyIndex = job.jobModifyIndex;
}

/**
 * Every scale opens a deployment; survivors are updated in place and must stay healthy for the minimum time again. Those
 * of another image are no part of it before they are replaced; where there are any, canaries come first.
 */
export function openDeployment(state: ClusterState, job: SimJob, timing: Timing): void {
  const id = nextId(state);
  const live = tallyOf(state).live(job);
  const { autoPromote, autoRevert, canary } = job.update;
  const desiredCanaries = live.some((one) => one.image !== job.image) ? canary : 0;
  const failed = state.deployments.filter((one) => one.job === job.id && one.status === 'failed');
  const kept = new Set(failed.slice(-FAILED_KEPT));
  state.deployments = state.deployments.filter((one) => one.job !== job.id || kept.has(one));
  state.deployments.push({
    id,
    job: job.id,
    jobVersion: job.version,
    jobModifyIndex: job.jobModifyIndex,
    jobCreateIndex: job.createIndex,
    status: 'running',
    description: runningWords({ desiredCanaries, promoted: false, autoPromote }),
    desiredTotal: job.count,
    ...{ desiredCanaries, promoted: false, autoPromote, autoRevert, canaries: [] },
    requireProgressBy: state.now + (job.update.progressMs ?? timing.progressMs),
    createdAt: state.now,
    modifiedAt: state.now,
    createIndex: nextIndex(state),
    modifyIndex: state.index,
  });
  for (const one of live) {
    if (one.image !== job.image || one.healthy === false) continue;
    one.deployment = id;
    one.jobVersion = job.version;
    one.healthy = null;
    one.healthyAt = Math.max(one.servesAt, state.now + timing.minHealthyMs);
    one.modifyIndex = nextIndex(state);
  }
}
