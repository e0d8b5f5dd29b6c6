/** Scale status, deployments, allocations and evaluations in Nomad's JSON, field for field as 1.1.2 answers. */

import {
  holdsSlots,
  isLive,
  type SimAllocation,
  type SimDeployment,
  type SimEvaluation,
  type SimJob,
} from '../../simulation/cluster/state.js';
import type { Cluster } from '../../simulation/cluster.js';
import { goTime, ns, type Profile } from './wire.js';

export function scaleJson(cluster: Cluster, job: SimJob): Record<string, unknown> {
  const live = cluster.state.allocations.filter(
    (one) => one.job === job.id && isLive(one) && one.canary !== true,
  );
  const events = job.events.map((one) => ({
    Count: one.count,
    CreateIndex: one.createIndex,
    Error: one.error,
    EvalID: one.evalId,
    Message: one.message,
    Meta: one.meta,
    PreviousCount: one.previousCount,
    Time: ns(one.at),
  }));
  return {
    JobCreateIndex: job.createIndex,
    JobID: job.id,
    JobModifyIndex: job.modifyIndex,
    JobStopped: false,
    Namespace: 'default',
    TaskGroups: {
      [job.group]: {
        Desired: job.count,
        Events: events.length > 0 ? events : null,
        Healthy: live.filter((one) => one.healthy === true).length,
        Placed: live.length,
        Running: live.filter((one) => one.client === 'running').length,
        Unhealthy: live.filter((one) => one.healthy === false).length,
      },
    },
  };
}

export function deploymentJson(
  cluster: Cluster,
  one: SimDeployment,
  profile: Profile,
): Record<string, unknown> {
  const placed = cluster.state.allocations.filter((other) => other.deployment === one.id && isLive(other));
  return {
    CreateIndex: one.createIndex,
    ...(profile === '2.0' ? { CreateTime: ns(one.createdAt) } : {}),
    ID: one.id,
    IsMultiregion: false,
    JobCreateIndex: one.jobCreateIndex,
    JobID: one.job,
    JobModifyIndex: one.jobModifyIndex,
    JobSpecModifyIndex: one.jobModifyIndex,
    JobVersion: one.jobVersion,
    ModifyIndex: one.modifyIndex,
    ...(profile === '2.0' ? { ModifyTime: ns(one.modifiedAt) } : {}),
    Namespace: 'default',
    Status: one.status,
    StatusDescription: one.description,
    TaskGroups: {
      workers: {
        AutoPromote: one.autoPromote,
        AutoRevert: one.autoRevert,
        DesiredCanaries: one.desiredCanaries,
        DesiredTotal: one.desiredTotal,
        HealthyAllocs: placed.filter((other) => other.healthy === true).length,
        PlacedAllocs: placed.length,
        PlacedCanaries: one.canaries.length === 0 ? null : one.canaries,
        ProgressDeadline: ns(cluster.job(one.job)?.update.progressMs ?? cluster.timing.progressMs),
        Promoted: one.promoted,
        RequireProgressBy: goTime(one.requireProgressBy),
        UnhealthyAllocs: placed.filter((other) => other.healthy === false).length,
      },
    },
  };
}

export function allocationJson(cluster: Cluster, one: SimAllocation): Record<string, unknown> {
  const vm = cluster.state.vms.find((other) => other.id === one.vm);
  const state = one.client === 'pending' ? 'pending' : holdsSlots(one) ? 'running' : 'dead';
  return {
    ClientDescription: one.client === 'running' ? 'Tasks are running' : '',
    ClientStatus: one.client,
    CreateIndex: one.createIndex,
    CreateTime: ns(one.placedAt),
    DeploymentStatus:
      one.healthy === null && one.canary !== true
        ? null
        : {
            Canary: one.canary === true,
            Healthy: one.healthy,
            ModifyIndex: one.modifyIndex,
            Timestamp: one.healthy === null ? null : goTime(one.healthyAt),
          },
    DesiredDescription: one.desiredDescription,
    DesiredStatus: one.desired,
    DesiredTransition: { ForceReschedule: null, Migrate: null, Reschedule: null },
    EvalID: one.evalId,
    FollowupEvalID: '',
    ID: one.id,
    JobID: one.job,
    JobType: 'service',
    JobVersion: one.jobVersion,
    ModifyIndex: one.modifyIndex,
    ModifyTime: ns(cluster.now),
    Name: `${one.job}.workers[${one.slot}]`,
    Namespace: 'default',
    NodeID: one.vm,
    NodeName: vm?.name ?? '',
    PreemptedAllocations: null,
    PreemptedByAllocation: '',
    RescheduleTracker: null,
    TaskGroup: 'workers',
    TaskStates: {
      worker: {
        Events: [],
        Failed: false,
        FinishedAt: state === 'dead' && one.stoppedAt !== null ? goTime(one.stoppedAt) : null,
        LastRestart: null,
        Restarts: 0,
        StartedAt: state === 'pending' ? null : goTime(one.runningAt),
        State: state,
        TaskHandle: null,
      },
    },
  };
}

export function evaluationJson(one: SimEvaluation): Record<string, unknown> {
  const failed = { workers: failureJson(one.queued) };
  return {
    ...(one.blockedEval === null ? {} : { BlockedEval: one.blockedEval }),
    CreateIndex: one.createIndex,
    CreateTime: ns(one.at),
    ...(one.deployment === null ? {} : { DeploymentID: one.deployment }),
    ...(one.queued > 0 ? { FailedTGAllocs: failed } : {}),
    ID: one.id,
    JobID: one.job,
    ModifyIndex: one.modifyIndex,
    ModifyTime: ns(one.at),
    Namespace: 'default',
    Priority: 50,
    QueuedAllocations: { workers: one.queued },
    Status: one.status,
    TriggeredBy: one.triggeredBy,
    Type: 'service',
  };
}

/** Nomad's allocation metric for `missing` allocations that found no room. */
export function failureJson(missing: number, nodes = 1): Record<string, unknown> {
  return {
    AllocationTime: 40_000,
    ClassExhausted: null,
    ClassFiltered: null,
    CoalescedFailures: Math.max(0, missing - 1),
    ConstraintFiltered: null,
    DimensionExhausted: nodes > 0 ? { memory: nodes } : null,
    NodesAvailable: { dc1: nodes },
    NodesEvaluated: nodes,
    NodesExhausted: nodes,
    NodesFiltered: 0,
    QuotaExhausted: null,
    ResourcesExhausted: null,
    ScoreMetaData: null,
    Scores: null,
  };
}
