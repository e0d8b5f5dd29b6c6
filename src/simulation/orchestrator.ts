/**
 * The in-memory twins of the orchestrator and the node groups, over the simulated cluster. They pass the same contract
 * suites as the adapters. Every call goes through the fault hook first, so that a story can make any of them fail.
 */
import { canaryWords } from '../core/foreign.js';
import type { Blocked, Millis, NodeSeen, ZoneSeen } from '../core/model.js';
import { OutsideError } from '../errors.js';
import type {
  Clock,
  GroupSeen,
  NodeGroupsActor,
  NodeGroupsReader,
  NodeGroupTarget,
  OrchestratorActor,
  OrchestratorReader,
  OrchestratorTarget,
  PromoteResult,
  ScaleResult,
  WorkerSeen,
} from '../ports.js';
import { awaitsPromotion, healthyCanaries } from './cluster/deployments.js';
import {
  activeDeployment,
  holdsSlots,
  isLive,
  latestDeployment,
  type SimAllocation,
  type SimJob,
  type SimVm,
} from './cluster/state.js';
import type { Cluster } from './cluster.js';
import { badOf, revert, spread } from './reverts.js';
import { isHeld, raiseHeld } from './rollouts.js';

export interface PortCall {
  port: 'orchestrator' | 'node-groups';
  method:
    | 'zones'
    | 'nodes'
    | 'workers'
    | 'plan'
    | 'scale'
    | 'drain'
    | 'cordon'
    | 'uncordon'
    | 'stopWorker'
    | 'failDeployment'
    | 'promote'
    | 'revert'
    | 'list'
    | 'grow'
    | 'remove';
  /** null for calls that concern all zones. */
  zone: string | null;
}

/** Runs inside every call: it may wait, throw, or let the act happen and lose its answer. */
export type FaultHook = (call: PortCall) => Promise<'pass' | 'lose-answer'>;

export interface TwinOptions {
  cluster: Cluster;
  /** When given, the cluster is brought to its time before each call. */
  clock?: Clock;
  fault?: FaultHook;
}

export function createSimulatedOrchestrator(options: TwinOptions): OrchestratorReader & OrchestratorActor {
  const { cluster } = options;
  const through = guarded(options, 'orchestrator');
  return {
    zones: (target) =>
      through('zones', null, () => jobsOf(cluster, target).map(({ zone, job }) => see(cluster, zone, job))),
    nodes: (target) =>
      through('nodes', null, () =>
        jobsOf(cluster, target).flatMap(({ zone, job }) =>
          cluster
            .vms(job.id)
            .filter((vm) => vm.registered)
            .map((vm) => seeNode(cluster, zone, vm, target.workersPerAllocation)),
        ),
      ),
    workers: (target) =>
      through('workers', null, () =>
        jobsOf(cluster, target).flatMap(({ zone, job }) =>
          cluster.state.allocations
            .filter((one) => one.job === job.id && holdsSlots(one))
            .map((one) => seeWorker(zone, one, target.workersPerAllocation, cluster.now)),
        ),
      ),
    plan: (target, zone, workers) =>
      through('plan', zone, () => {
        const job = jobIn(cluster, target, zone);
        const per = target.workersPerAllocation;
        const count = Math.ceil(workers / per);
        const bound = job.scaling?.max ?? Number.POSITIVE_INFINITY;
        const fits = Math.min(cluster.fits(job.id, count), bound);
        if (fits >= count) return { fits: workers, lacks: null, how: 'plan' };
        return {
          fits: Math.min(workers, fits * per),
          lacks:
            fits >= bound
              ? `the job's scaling block allows at most ${bound}`
              : `no node has room for ${count - fits} more`,
          how: 'plan',
        };
      }),
    scale: (target, zone, workers, why) =>
      through('scale', zone, (): ScaleResult => {
        const job = jobIn(cluster, target, zone);
        const per = target.workersPerAllocation;
        const count = Math.ceil(workers / per);
        if (job.count === count) return { kind: 'done', workers: count * per };
        const blocked = blockOf(cluster, job);
        if (blocked !== null && !(count > job.count && isHeld(cluster, job)))
          return { kind: 'blocked', by: blocked };
        const fits = Math.min(cluster.fits(job.id, count), job.scaling?.max ?? count);
        const asked = count > job.count ? Math.max(job.count, fits) : count;
        if (asked === job.count) return { kind: 'done', workers: asked * per };
        if (blocked !== null)
          return raiseHeld(cluster, job, asked)
            ? { kind: 'done', workers: asked * per }
            : { kind: 'blocked', by: blocked };
        const outcome = cluster.scale(job.id, {
          count: asked,
          message: why.message,
          meta: { muster_decision: why.decisionId },
        });
        if (outcome.kind === 'refused') {
          throw new OutsideError('simulation', `scale ${job.id} to ${asked}`, outcome.why, {
            class: 'human',
            why: 'refused',
          });
        }
        return { kind: 'done', workers: asked * per };
      }),
    drain: (target, nodeId, why) =>
      through('drain', null, () => {
        const vm = vmIn(cluster, target, nodeId);
        if (vm === undefined) return;
        const last = vm.lastDrain;
        const isOurs = last?.meta?.muster_decision === why.decisionId;
        if (vm.drain !== null || (isOurs && last?.status === 'complete' && !vm.eligible)) return;
        cluster.drain(nodeId, {
          deadlineSeconds: Math.max(1, why.deadlineSeconds),
          ignoreSystemJobs: true,
          meta: { muster_decision: why.decisionId },
        });
      }),
    cordon: (target, nodeId) =>
      through('cordon', null, () => {
        const vm = vmIn(cluster, target, nodeId);
        if (vm?.eligible === true) cluster.setEligible(nodeId, false);
      }),
    uncordon: (target, nodeId) =>
      through('uncordon', null, () => {
        const vm = vmIn(cluster, target, nodeId);
        if (vm === undefined || vm.eligible) return;
        if (vm.drain === null) cluster.setEligible(nodeId, true);
        else cluster.drain(nodeId, null, true);
      }),
    stopWorker: (target, workerId) =>
      through('stopWorker', null, () => {
        const found = cluster.state.allocations.find((one) => one.id === workerId);
        const isOurs = found !== undefined && jobsOf(cluster, target).some(({ job }) => job.id === found.job);
        if (isOurs) cluster.stopAllocation(workerId);
      }),
    failDeployment: (target, zone, deploymentId) =>
      through('failDeployment', zone, () => {
        const job = jobIn(cluster, target, zone);
        const found = cluster.state.deployments.find((one) => one.id === deploymentId);
        if (found === undefined || found.job !== job.id) {
          throw new OutsideError('simulation', `fail deployment ${deploymentId}`, `${job.id} has no such`, {
            class: 'human',
            why: 'refused',
          });
        }
        cluster.failDeployment(deploymentId);
      }),
    promote: (target, zone, deploymentId) =>
      through('promote', zone, (): PromoteResult => {
        const job = jobIn(cluster, target, zone);
        if (latestDeployment(cluster.state, job.id)?.id !== deploymentId) return { kind: 'superseded' };
        const outcome = cluster.promoteDeployment(deploymentId);
        if (outcome.kind === 'done' || outcome.why !== 'unhealthy') return { kind: 'done' };
        return { kind: 'unhealthy', canaries: { healthy: outcome.healthy, asked: outcome.asked } };
      }),
    revert: (target, zone, versions) =>
      through('revert', zone, () => revert(cluster, jobIn(cluster, target, zone), versions)),
  };
}

export function createSimulatedNodeGroups(options: TwinOptions): NodeGroupsReader & NodeGroupsActor {
  const { cluster } = options;
  const through = guarded(options, 'node-groups');
  const groupIn = (target: NodeGroupTarget, zone: string) => {
    const name =
      target.kind === 'gce-mig' ? target.groups.find((one) => one.zone === zone)?.group : undefined;
    const group = name === undefined ? null : cluster.group(name);
    if (group === null) {
      throw new OutsideError('simulation', `node group of zone ${zone}`, 'there is none', {
        class: 'human',
        why: 'refused',
      });
    }
    return group;
  };
  return {
    list: (target) =>
      through('list', null, () =>
        target.kind === 'fixed'
          ? []
          : target.groups.map((one) => seeGroup(cluster, one.zone, groupIn(target, one.zone).name)),
      ),
    grow: (target, zone, size) =>
      through('grow', zone, () => {
        const group = groupIn(target, zone);
        if (size < group.size) {
          throw new OutsideError('simulation', `grow ${group.name} to ${size}`, `it has ${group.size}`, {
            class: 'human',
            why: 'refused',
          });
        }
        if (size > group.size) cluster.resize(group.name, size);
      }),
    remove: (target, zone, names) =>
      through('remove', zone, () => cluster.deleteInstances(groupIn(target, zone).name, names)),
  };
}

function guarded(options: TwinOptions, port: PortCall['port']) {
  return async <T>(method: PortCall['method'], zone: string | null, act: () => T): Promise<T> => {
    const verdict = (await options.fault?.({ port, method, zone })) ?? 'pass';
    if (options.clock !== undefined) options.cluster.advance(options.clock.now());
    const answer = act();
    if (verdict === 'pass') return answer;
    throw new OutsideError('simulation', method, 'no answer came', { class: 'retry', why: 'timeout' });
  };
}

function jobsOf(cluster: Cluster, target: OrchestratorTarget): { zone: string; job: SimJob }[] {
  const wanted =
    target.kind === 'nomad'
      ? target.targets.map(({ zone, job }) => ({ zone, id: job }))
      : target.targets.map(({ zone, deployment }) => ({ zone, id: deployment }));
  return wanted.map(({ zone, id }) => {
    const job = cluster.job(id);
    if (job === null) {
      throw new OutsideError('simulation', `read job ${id}`, 'job not found', {
        class: 'human',
        why: 'refused',
        status: 404,
      });
    }
    return { zone, job };
  });
}

function vmIn(cluster: Cluster, target: OrchestratorTarget, nodeId: string): SimVm | undefined {
  const vm = cluster.state.vms.find((one) => one.id === nodeId && one.registered);
  return vm !== undefined && jobsOf(cluster, target).some(({ job }) => job.id === vm.group) ? vm : undefined;
}

function jobIn(cluster: Cluster, target: OrchestratorTarget, zone: string): SimJob {
  const found = jobsOf(cluster, target).find((one) => one.zone === zone);
  if (found !== undefined) return found.job;
  throw new OutsideError('simulation', `zone ${zone}`, 'the target has no such zone', {
    class: 'human',
    why: 'refused',
  });
}

function see(cluster: Cluster, zone: string, job: SimJob): ZoneSeen {
  const found = cluster.fleet(job.fleet).find((one) => one.zone === job.zone);
  const known = cluster.vms(job.id).filter((vm) => vm.registered);
  const dead = known.some((vm) => vm.state !== 'ready' && vm.eligible);
  return {
    zone,
    up: known.some((vm) => vm.state === 'ready') || !dead,
    desired: found?.desired ?? 0,
    ready: found?.ready ?? 0,
    starting: found?.starting ?? 0,
    draining: found?.draining ?? 0,
    ...(job.abandoned > 0 ? { abandoned: job.abandoned * job.workersPerAllocation } : {}),
    blocked: blockOf(cluster, job),
    ...badOf(cluster, job),
  };
}

function blockOf(cluster: Cluster, job: SimJob): Blocked | null {
  if (job.foreignPolicy) {
    return {
      kind: 'owned-by-other',
      id: job.id,
      since: null,
      detail: 'its scaling policy has checks: another autoscaler owns it',
    };
  }
  if (cluster.state.frozenByOperator) {
    return {
      kind: 'frozen-by-operator',
      id: 'scheduler',
      since: null,
      detail: 'the operator refuses job changes',
    };
  }
  const deployment = activeDeployment(cluster.state, job.id);
  if (deployment === null) return spread(cluster, job);
  const { id, createdAt, description } = deployment;
  if (isHeld(cluster, job)) return { kind: 'rollout', id, since: createdAt, detail: 'a rollout holds it' };
  const block = { kind: 'deployment', id, since: createdAt } as const;
  if (!awaitsPromotion(deployment) || deployment.autoPromote) return { ...block, detail: description };
  const canaries = {
    healthy: healthyCanaries(cluster.state, deployment),
    asked: deployment.desiredCanaries,
  };
  return { ...block, detail: canaryWords(canaries), canaries };
}

function seeNode(cluster: Cluster, zone: string, vm: SimVm, per: number): NodeSeen {
  const mark = vm.lastDrain?.meta?.muster_decision;
  const drained = !vm.eligible && vm.lastDrain?.status === 'complete';
  const live = cluster.state.allocations.filter((one) => one.vm === vm.id && isLive(one) && holdsSlots(one));
  return {
    id: vm.id,
    name: vm.name,
    zone,
    status: vm.state === 'ready' ? 'ready' : drained ? 'leaving' : 'down',
    eligible: vm.eligible && vm.drain === null,
    workers: live.length * per,
    healthy: vm.state === 'ready',
    drain:
      mark === undefined || vm.eligible
        ? null
        : { decisionId: mark, done: vm.drain === null && vm.lastDrain?.status === 'complete' },
  };
}

/** A deployment forgets the health of those that it updates in place, and they go on serving. */
function seeWorker(zone: string, one: SimAllocation, workers: number, now: Millis): WorkerSeen {
  const serves = one.healthy !== false && one.servesAt <= now;
  const state = one.desired === 'stop' ? 'draining' : serves ? 'ready' : 'starting';
  return { id: one.id, zone, nodeId: one.vm, state, workers };
}

function seeGroup(cluster: Cluster, zone: string, name: string): GroupSeen {
  const group = cluster.group(name);
  const status = { booting: 'starting', ready: 'running', down: 'failed', deleting: 'leaving' } as const;
  const lacking = group !== null && group.size > group.maxSize;
  return {
    zone,
    size: group?.size ?? 0,
    instances: cluster
      .vms(name)
      .flatMap((vm) => (vm.state === 'gone' ? [] : [{ name: vm.name, status: status[vm.state] }])),
    problem: lacking
      ? `ZONE_RESOURCE_POOL_EXHAUSTED: the zone grants ${group.maxSize} of ${group.size} VMs`
      : null,
  };
}
