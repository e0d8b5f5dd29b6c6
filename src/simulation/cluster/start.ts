/** The cluster at its start: every worker asked for runs and is healthy, on just enough nodes. */
import type { ClusterSpec } from '../cluster.js';
import { FIRST_UPDATE, firstImage, holdImages } from './images.js';
import { settle } from './place.js';
import {
  type ClusterState,
  latestDeployment,
  nextId,
  nextIndex,
  type SimGroup,
  type SimJob,
} from './state.js';
import type { Timing } from './timing.js';
import { addVm } from './vms.js';

export function firstState(spec: ClusterSpec, timing: Timing): ClusterState {
  const state: ClusterState = {
    v: 1,
    seed: spec.seed ?? 1,
    now: spec.start,
    index: 10,
    ids: 0,
    zonesDown: [],
    frozenByOperator: false,
    groups: [],
    vms: [],
    jobs: [],
    allocations: [],
    deployments: [],
    evaluations: [],
    prepulls: [],
  };
  for (const fleet of spec.fleets) {
    fleet.zones.forEach((zone, place) => {
      // Odd-even: the first zones get the one more.
      const share = Math.floor((fleet.workers + fleet.zones.length - 1 - place) / fleet.zones.length);
      addZone(state, fleet, zone, Math.ceil(share / fleet.workersPerAllocation), spec.sticky ?? false);
    });
  }
  holdImages(state, timing);
  settle(state, { ...timing, workerStartMs: 0, minHealthyMs: 0 });
  for (const one of state.allocations) {
    const deployment = latestDeployment(state, one.job)?.id ?? null;
    Object.assign(one, { client: 'running', healthy: true, deployment });
  }
  return state;
}

function addZone(
  state: ClusterState,
  fleet: ClusterSpec['fleets'][number],
  zone: string,
  count: number,
  sticky: boolean,
): void {
  const perNode = Math.max(1, Math.floor(fleet.slotsPerNode / fleet.workersPerAllocation));
  const name = `${fleet.name}-${zone}`;
  const group: SimGroup = {
    name,
    fleet: fleet.name,
    zone,
    size: Math.ceil(count / perNode),
    maxSize: fleet.maxNodesPerZone,
    slotsPerNode: fleet.slotsPerNode,
  };
  state.groups.push(group);
  for (let n = 0; n < group.size; n += 1) addVm(state, group, 0);
  const job: SimJob = {
    id: name,
    fleet: fleet.name,
    zone,
    group: 'workers',
    count,
    version: 0,
    scaling: fleet.scaling,
    foreignPolicy: false,
    sticky,
    workersPerAllocation: fleet.workersPerAllocation,
    image: firstImage(fleet.name),
    update: { ...FIRST_UPDATE },
    held: null,
    versions: [
      {
        ...{ version: 0, image: firstImage(fleet.name), count, stable: true, at: state.now },
        update: { ...FIRST_UPDATE },
      },
    ],
    abandoned: 0,
    events: [],
    submittedAt: state.now,
    createIndex: nextIndex(state),
    jobModifyIndex: state.index,
    modifyIndex: state.index,
  };
  state.jobs.push(job);
  state.evaluations.push({
    id: nextId(state),
    job: name,
    triggeredBy: 'job-register',
    status: 'complete',
    queued: 0,
    blockedEval: null,
    deployment: null,
    at: state.now,
    createIndex: nextIndex(state),
    modifyIndex: state.index,
  });
  state.deployments.push({
    id: nextId(state),
    job: name,
    jobVersion: 0,
    jobModifyIndex: job.jobModifyIndex,
    jobCreateIndex: job.createIndex,
    status: 'successful',
    description: 'Deployment completed successfully',
    desiredTotal: count,
    ...{ desiredCanaries: 0, promoted: false, autoPromote: false, autoRevert: false, canaries: [] },
    requireProgressBy: state.now,
    createdAt: state.now,
    modifiedAt: state.now,
    createIndex: nextIndex(state),
    modifyIndex: state.index,
  });
}
