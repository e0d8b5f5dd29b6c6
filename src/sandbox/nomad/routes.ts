/** Which request means what, and which ACL capability it needs. */

import { latestDeployment, type SimJob } from '../../simulation/cluster/state.js';
import type { Cluster } from '../../simulation/cluster.js';
import type { Asked } from '../loopback.js';
import * as deployments from './deployments.js';
import { fileOf } from './files.js';
import * as jobs from './render-job.js';
import { nodeJson, nodeStub } from './render-nodes.js';
import * as state from './render-state.js';
import * as rollouts from './rollouts.js';
import type { Profile } from './wire.js';
import * as write from './writes.js';

export interface Visit {
  cluster: Cluster;
  profile: Profile;
  asked: Asked;
  id: string;
  /** The number of the allocations' port `health`; null: they have none. */
  workerPort: number | null;
}

export interface Route {
  method: 'GET' | 'POST' | 'DELETE';
  path: RegExp;
  /** null: anybody may. */
  needs: string | null;
  /** Answers to reads of state carry the index and may block on it. */
  indexed: boolean;
  /** The answer goes out as plain text. */
  text?: true;
  /** Nomad begins to answer before it looks: whatever goes wrong then has status 200. */
  begun?: true;
  answer(visit: Visit): unknown;
}

const { Refused } = write;

export const routes: Route[] = [
  read('/v1/jobs', 'list-jobs', ({ cluster, profile, asked }) =>
    inNamespace(asked)
      ? cluster.state.jobs
          .filter((job) => job.id.startsWith(asked.query.get('prefix') ?? ''))
          .map((job) => jobs.jobStub(cluster, job, profile, asked.query.get('meta') === 'true'))
      : [],
  ),
  read(
    '/v1/job/:id',
    'read-job',
    (visit) =>
      rollouts.prepullJob(visit.cluster, visit.id) ??
      jobs.jobJson(visit.cluster, jobOf(visit), visit.profile),
  ),
  act('/v1/jobs', 'submit-job', ({ cluster, asked }) =>
    rollouts.register(cluster, write.parseBody(asked.body), null),
  ),
  act('/v1/job/:id', 'submit-job', ({ cluster, asked, id }) =>
    rollouts.register(cluster, write.parseBody(asked.body), id),
  ),
  {
    ...act('/v1/job/:id', 'submit-job', ({ cluster, id }) => rollouts.removeJob(cluster, id)),
    method: 'DELETE',
  },
  act('/v1/job/:id/revert', 'submit-job', (visit) =>
    rollouts.revert(visit.cluster, jobOf(visit), write.parseBody(visit.asked.body)),
  ),
  read('/v1/job/:id/versions', 'read-job', (visit) =>
    rollouts.versions(visit.cluster, jobOf(visit), visit.profile),
  ),
  read('/v1/job/:id/summary', 'read-job', (visit) =>
    jobs.summaryJson(visit.cluster, jobOf(visit), visit.profile),
  ),
  read('/v1/job/:id/allocations', 'read-job', ({ cluster, id }) => [
    ...rollouts.prepullAllocations(cluster, id),
    ...cluster.state.allocations
      .filter((one) => one.job === id)
      .map((one) => state.allocationJson(cluster, one)),
  ]),
  read('/v1/job/:id/evaluations', 'read-job', ({ cluster, id }) =>
    cluster.state.evaluations.filter((one) => one.job === id).map(state.evaluationJson),
  ),
  read('/v1/job/:id/deployment', 'read-job', ({ cluster, profile, id }) => {
    const deployment = latestDeployment(cluster.state, id);
    return deployment === null ? null : state.deploymentJson(cluster, deployment, profile);
  }),
  read('/v1/job/:id/deployments', 'read-job', ({ cluster, profile, id }) =>
    cluster.state.deployments
      .filter((one) => one.job === id)
      .map((one) => state.deploymentJson(cluster, one, profile)),
  ),
  read('/v1/job/:id/scale', 'read-job-scaling', (visit) => state.scaleJson(visit.cluster, jobOf(visit))),
  act('/v1/job/:id/scale', 'scale-job', ({ cluster, profile, asked, id }) =>
    write.scale(cluster, id, write.parseBody(asked.body), profile),
  ),
  act('/v1/job/:id/plan', 'submit-job', ({ cluster, asked, id }) =>
    write.plan(cluster, id, write.parseBody(asked.body)),
  ),
  read('/v1/deployments', 'read-job', ({ cluster, profile, asked }) =>
    cluster.state.deployments
      .filter((one) => one.id.startsWith(asked.query.get('prefix') ?? ''))
      .map((one) => state.deploymentJson(cluster, one, profile)),
  ),
  read('/v1/deployment/:id', 'read-job', ({ cluster, profile, id }) => {
    write.wholeId(id, 'deployment');
    const found = cluster.state.deployments.find((one) => one.id === id);
    if (found === undefined) throw new Refused(404, 'deployment not found');
    return state.deploymentJson(cluster, found, profile);
  }),
  read('/v1/deployment/allocations/:id', 'read-job', ({ cluster, id }) =>
    cluster.state.allocations
      .filter((one) => one.deployment === id)
      .map((one) => state.allocationJson(cluster, one)),
  ),
  act('/v1/deployment/pause/:id', 'submit-job', ({ cluster, asked, id }) =>
    deployments.pause(cluster, id, write.parseBody(asked.body)),
  ),
  act('/v1/deployment/promote/:id', 'submit-job', ({ cluster, asked, id }) =>
    deployments.promote(cluster, id, write.parseBody(asked.body)),
  ),
  act('/v1/deployment/fail/:id', 'submit-job', ({ cluster, id }) => deployments.fail(cluster, id)),
  read('/v1/nodes', 'node:read', ({ cluster, profile, asked }) =>
    cluster.state.vms
      .filter((vm) => vm.registered && vm.id.startsWith(asked.query.get('prefix') ?? ''))
      .map((vm) => nodeStub(cluster, vm, profile)),
  ),
  read('/v1/node/:id', 'node:read', ({ cluster, profile, id }) => {
    write.wholeId(id, 'node');
    const vm = cluster.state.vms.find((one) => one.id === id && one.registered);
    if (vm === undefined) throw new Refused(404, 'node not found');
    return nodeJson(cluster, vm, profile);
  }),
  read('/v1/node/:id/allocations', 'node:read', ({ cluster, id }) =>
    cluster.state.allocations.filter((one) => one.vm === id).map((one) => state.allocationJson(cluster, one)),
  ),
  act('/v1/node/:id/drain', 'node:write', ({ cluster, asked, id }) =>
    write.drain(cluster, id, write.parseBody(asked.body)),
  ),
  act('/v1/node/:id/eligibility', 'node:write', ({ cluster, asked, id }) =>
    write.eligibility(cluster, id, write.parseBody(asked.body)),
  ),
  read('/v1/allocations', 'read-job', ({ cluster, asked }) =>
    inNamespace(asked) ? cluster.state.allocations.map((one) => state.allocationJson(cluster, one)) : [],
  ),
  read('/v1/allocation/:id', 'read-job', ({ cluster, profile, id, workerPort }) => {
    write.wholeId(id, 'alloc');
    const found = cluster.state.allocations.find((one) => one.id === id);
    if (found === undefined) throw new Refused(404, 'alloc not found');
    return rollouts.wholeAllocation(cluster, found, profile, workerPort);
  }),
  {
    ...read('/v1/client/fs/logs/:id', 'read-logs', ({ cluster, asked, id }) =>
      rollouts.logs(cluster, id, asked.query.get('type')),
    ),
    text: true,
  },
  {
    ...read('/v1/client/fs/cat/:id', 'read-fs', ({ cluster, asked, id }) =>
      fileOf(cluster, id, asked.query.get('path') ?? ''),
    ),
    text: true,
    begun: true,
  },
  act('/v1/client/allocation/:id/restart', 'alloc-lifecycle', ({ asked }) => {
    const { TaskName } = write.parseBody(asked.body);
    throw new Refused(500, `Could not find task runner for task: ${String(TaskName)}`);
  }),
  act('/v1/allocation/:id/stop', 'alloc-lifecycle', ({ cluster, id }) => write.stopAllocation(cluster, id)),
  read('/v1/evaluation/:id', 'read-job', ({ cluster, id }) => {
    const found = cluster.state.evaluations.find((one) => one.id === id);
    if (found === undefined) throw new Refused(404, 'eval not found');
    return state.evaluationJson(found);
  }),
  read('/v1/scaling/policies', 'list-scaling-policies', ({ cluster }) =>
    cluster.state.jobs.filter(hasPolicy).map(jobs.policyJson),
  ),
  read('/v1/scaling/policy/:id', 'read-scaling-policy', ({ cluster, id }) => {
    const job = cluster.state.jobs.find((one) => hasPolicy(one) && jobs.policyJson(one).ID === id);
    if (job === undefined) throw new Refused(404, 'policy not found');
    const bounds = { Max: job.scaling?.max ?? 0, Min: job.scaling?.min ?? 0 };
    return { ...jobs.policyJson(job), ...bounds, Policy: jobs.rulesJson(job) };
  }),
  read('/v1/operator/scheduler/configuration', 'operator:read', ({ cluster, profile }) => ({
    Index: 5,
    KnownLeader: true,
    LastContact: 0,
    SchedulerConfig: {
      CreateIndex: 5,
      MemoryOversubscriptionEnabled: false,
      ModifyIndex: 5,
      ...(profile === '2.0'
        ? { PauseEvalBroker: false, RejectJobRegistration: cluster.state.frozenByOperator }
        : {}),
      PreemptionConfig: {
        BatchSchedulerEnabled: false,
        ServiceSchedulerEnabled: false,
        SystemSchedulerEnabled: true,
      },
      SchedulerAlgorithm: 'binpack',
    },
  })),
  read('/v1/namespaces', null, () => [
    {
      CreateIndex: 1,
      Description: 'Default shared namespace',
      Hash: '',
      ModifyIndex: 1,
      Name: 'default',
      Quota: '',
    },
  ]),
  plain('/v1/status/leader', () => '127.0.0.1:4647'),
  plain('/v1/status/peers', () => ['127.0.0.1:4647']),
  plain('/v1/regions', () => ['global']),
  plain('/v1/agent/health', () => ({
    client: { message: 'ok', ok: true },
    server: { message: 'ok', ok: true },
  })),
];

function read(path: string, needs: string | null, answer: Route['answer']): Route {
  return { method: 'GET', path: pattern(path), needs, indexed: true, answer };
}

function plain(path: string, answer: Route['answer']): Route {
  return { method: 'GET', path: pattern(path), needs: null, indexed: false, answer };
}

function act(path: string, needs: string, answer: Route['answer']): Route {
  return { method: 'POST', path: pattern(path), needs, indexed: true, answer };
}

function pattern(path: string): RegExp {
  return new RegExp(`^${path.replace(':id', '(?<id>[^/]+)')}$`);
}

function jobOf({ cluster, asked, id }: Visit): SimJob {
  const job = inNamespace(asked) ? cluster.job(id) : null;
  if (job === null) throw new Refused(404, 'job not found');
  return job;
}

function hasPolicy(job: SimJob): boolean {
  return job.scaling !== null || job.foreignPolicy;
}

function inNamespace(asked: Asked): boolean {
  return ['default', '*'].includes(asked.query.get('namespace') ?? 'default');
}
