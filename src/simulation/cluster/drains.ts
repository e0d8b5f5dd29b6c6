/** A drain begins, or is called off; place.ts moves what it has to move. */
import { type ClusterState, nextIndex, type SimVm } from './state.js';

export interface DrainRequest {
  /** Seconds until what is left is stopped; null for no deadline, negative for at once. */
  deadlineSeconds: number | null;
  ignoreSystemJobs?: boolean;
  meta?: Record<string, string> | null;
}

/** null calls a drain off. */
export function startDrain(
  state: ClusterState,
  vm: SimVm,
  request: DrainRequest | null,
  markEligible: boolean,
): void {
  const last = vm.lastDrain;
  if (request === null) {
    if (vm.drain !== null && last !== null) {
      vm.lastDrain = { ...last, status: 'canceled', updatedAt: state.now };
    }
    vm.drain = null;
    if (markEligible) vm.eligible = true;
  } else {
    const seconds = request.deadlineSeconds;
    vm.eligible = false;
    vm.drain = {
      deadlineAt: seconds === null ? null : state.now + Math.max(0, seconds) * 1000,
      ignoreSystemJobs: request.ignoreSystemJobs ?? false,
    };
    vm.lastDrain = {
      status: 'draining',
      startedAt: state.now,
      updatedAt: state.now,
      meta: request.meta ?? null,
    };
  }
  vm.modifyIndex = nextIndex(state);
}
