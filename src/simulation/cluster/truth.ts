import type { ZoneTruth } from '../cluster.js';
import { servingOf } from './health.js';
import { type ClusterState, holdsSlots, type SimJob } from './state.js';
import { isPresent, vmsOf } from './vms.js';

/** A zone of a fleet as it is, in workers. A VM of a zone that is out counts as a node: it is still paid for. */
export function truth(state: ClusterState, job: SimJob): ZoneTruth {
  let ready = 0;
  let starting = 0;
  let draining = 0;
  let serving = 0;
  const allWell =
    state.dependencyOutAt === undefined && state.vms.every((vm) => vm.deviceFailedAt === undefined);
  for (const one of state.allocations) {
    if (one.job !== job.id || !holdsSlots(one)) continue;
    if (one.desired === 'stop') draining += 1;
    else if (one.servesAt <= state.now) {
      ready += 1;
      const vm = allWell ? undefined : state.vms.find(({ id }) => id === one.vm);
      serving += servingOf(state, one, vm, job.workersPerAllocation);
    } else starting += 1;
  }
  const per = job.workersPerAllocation;
  return {
    zone: job.zone,
    up: !state.zonesDown.includes(job.zone),
    desired: job.count * per,
    ready: ready * per,
    serving,
    starting: starting * per,
    draining: draining * per,
    nodes: vmsOf(state, job.id).filter(isPresent).length,
  };
}
