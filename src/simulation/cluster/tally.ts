/** Who lives where, counted in one pass over the allocations. */
import {
  type ClusterState,
  holdsSlots,
  isLive,
  type SimAllocation,
  type SimJob,
  type SimVm,
} from './state.js';

export interface Tally {
  /** Those that the count asks for: canaries come on top. */
  live(job: SimJob): SimAllocation[];
  free(vm: SimVm, job: SimJob): number;
  /** A new one was placed since. */
  add(one: SimAllocation): void;
}

export function tallyOf(state: ClusterState): Tally {
  const live = new Map<string, SimAllocation[]>();
  const held = new Map<string, number>();
  const slots = new Map(state.groups.map((group) => [group.name, group.slotsPerNode]));
  const add = (one: SimAllocation) => {
    if (holdsSlots(one)) held.set(one.vm, (held.get(one.vm) ?? 0) + 1);
    if (!isLive(one) || one.canary === true) return;
    const own = live.get(one.job);
    if (own === undefined) live.set(one.job, [one]);
    else own.push(one);
  };
  for (const one of state.allocations) add(one);
  return {
    add,
    live: (job) => live.get(job.id) ?? [],
    free: (vm, job) => (slots.get(vm.group) ?? 0) - (held.get(vm.id) ?? 0) * job.workersPerAllocation,
  };
}

/** The lowest numbers that are not taken, as many as the job lacks. */
export function missingSlots(job: SimJob, live: SimAllocation[]): number[] {
  const taken = new Set(live.map((one) => one.slot));
  const free: number[] = [];
  for (let slot = 0; free.length < job.count - live.length; slot += 1) if (!taken.has(slot)) free.push(slot);
  return free;
}
