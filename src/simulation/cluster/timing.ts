import type { ClusterSpec } from '../cluster.js';

/** Every duration of the cluster, milliseconds. */
export interface Timing {
  bootMs: number;
  workerStartMs: number;
  workerStopMs: number;
  /** An allocation counts as healthy for its deployment after it ran this long (Nomad's default). */
  minHealthyMs: number;
  /** A deployment without progress fails after this (Nomad's default). */
  progressMs: number;
  /** An allocation that is not healthy after this is unhealthy (Nomad's default). */
  healthyDeadlineMs: number;
  /** Mean time of pulling an image of 7 GB; each node takes its own. */
  pullMs: number;
  deleteMs: number;
  /** How long Nomad lists a node that is gone, and a finished allocation. Shorter than its default, to keep a long run small. */
  nodeForgottenMs: number;
  allocationForgottenMs: number;
}

export function timingOf(spec: ClusterSpec): Timing {
  return {
    bootMs: Math.max(1, spec.nodeBootSeconds * 1000),
    workerStartMs: spec.workerStartSeconds * 1000,
    workerStopMs: spec.workerStopSeconds * 1000,
    minHealthyMs: (spec.minHealthySeconds ?? 10) * 1000,
    progressMs: (spec.progressDeadlineSeconds ?? 600) * 1000,
    healthyDeadlineMs: 300_000,
    pullMs: (spec.imagePullSeconds ?? 150) * 1000,
    deleteMs: 30_000,
    nodeForgottenMs: 3_600_000,
    allocationForgottenMs: 1_800_000,
  };
}
