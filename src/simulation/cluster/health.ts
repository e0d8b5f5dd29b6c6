/** How workers are beyond running: what they answer for themselves, and how many of them really serve. */
import type { SlotHealth } from '../../core/health/state.js';
import { type ClusterState, holdsSlots, type SimAllocation, type SimVm } from './state.js';

/** Its workers that serve now, out of `per`; 0 when it is not ready. */
export function servingOf(
  state: ClusterState,
  one: SimAllocation,
  vm: SimVm | undefined,
  per: number,
): number {
  if (one.desired === 'stop' || !holdsSlots(one) || one.servesAt > state.now) return 0;
  if (vm?.deviceFailedAt !== undefined || state.dependencyOutAt !== undefined) return 0;
  return one.ill === undefined || one.ill.kind === 'silent' ? per : Math.max(0, per - one.ill.slots);
}

/** What it answers, one entry a slot; null: nothing. */
export function answerOf(state: ClusterState, one: SimAllocation, per: number): SlotHealth[] | null {
  const vm = state.vms.find(({ id }) => id === one.vm);
  const runs = one.client === 'running' && vm?.state === 'ready';
  if (!runs || one.ill?.kind === 'silent') return null;
  const modelLoaded = one.servesAt <= state.now;
  const outAt = state.dependencyOutAt ?? null;
  return Array.from({ length: per }, (_, slot): SlotHealth => {
    const ill = one.ill !== undefined && slot < one.ill.slots ? one.ill : null;
    const stuckAt = ill?.kind === 'stuck' ? ill.since : outAt;
    const until = stuckAt ?? state.now;
    const served = modelLoaded && until > one.servesAt ? until : null;
    return {
      modelLoaded: modelLoaded && ill?.kind !== 'no-model',
      deviceHealthy: vm?.deviceFailedAt === undefined,
      lastSuccessAt: served,
      inFlight: stuckAt === null ? 0 : 1,
    };
  });
}

/** A GPU that failed can be reset as soon as nothing runs on it. */
export function resetDevices(state: ClusterState): void {
  for (const vm of state.vms) {
    if (vm.deviceFailedAt === undefined) continue;
    if (!state.allocations.some((one) => one.vm === vm.id && holdsSlots(one))) delete vm.deviceFailedAt;
  }
}
