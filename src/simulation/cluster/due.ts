import type { Millis } from '../../core/model.js';
import { canariesAreWell } from './deployments.js';
import { type ClusterState, holdsSlots, isActive, isLive } from './state.js';
import type { Timing } from './timing.js';

/** When the next thing happens by itself. */
export function nextDue(state: ClusterState, timing: Timing): Millis | null {
  let next = Number.POSITIVE_INFINITY;
  const at = (time: Millis | null) => {
    if (time !== null && time < next) next = time;
  };
  for (const vm of state.vms) {
    at(vm.until);
    if (vm.maintenance !== undefined && vm.maintenance.at > state.now) at(vm.maintenance.at);
    if (vm.drain !== null && (vm.drain.deadlineAt ?? 0) > state.now) at(vm.drain.deadlineAt);
  }
  for (const one of state.allocations) {
    if (one.client === 'pending') at(one.runningAt);
    if (isLive(one) && one.healthy === null) at(one.healthyAt);
    if (isLive(one) && one.healthy === null) at(one.failsAt);
    if (isLive(one) && one.servesAt > state.now) at(one.servesAt);
    if (one.stoppedAt !== null && holdsSlots(one)) at(one.stoppedAt);
    const forgottenAt = (one.stoppedAt ?? Number.POSITIVE_INFINITY) + timing.allocationForgottenMs;
    if (!holdsSlots(one) && forgottenAt > state.now) at(forgottenAt);
  }
  for (const one of state.deployments)
    if (isActive(one) && !canariesAreWell(state, one)) at(one.requireProgressBy);
  return next === Number.POSITIVE_INFINITY ? null : next;
}
