import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { checkNomad } from '../../../src/adapters/nomad/check.js';
import type { NomadOptions } from '../../../src/adapters/nomad/client.js';
import { createNomadOrchestrator } from '../../../src/adapters/nomad/orchestrator.js';
import type { ZoneSeen } from '../../../src/core/model.js';
import { OutsideError } from '../../../src/errors.js';
import type { OrchestratorActor, OrchestratorReader, OrchestratorTarget } from '../../../src/ports.js';
import { type Agent, aJob, nomadVersion, startAgent, until } from './agent.js';

const version = nomadVersion();
const skip = version === null ? 'nomad is not on PATH: the stand-in alone was tested' : false;

describe(`the adapter against a real agent (${version ?? 'none'})`, { skip }, () => {
  const target: OrchestratorTarget = {
    kind: 'nomad',
    targets: [{ zone: 'a', job: 'fleet-a', group: 'workers' }],
    workersPerAllocation: 1,
    slotsPerNode: 4,
  };
  let agent: Agent;
  let nomad: OrchestratorReader & OrchestratorActor;
  const zone = async (): Promise<ZoneSeen> => (await nomad.zones(target))[0]!;
  const calm = async (ready: number) => {
    await until(async () => {
      const seen = await zone();
      return seen.blocked === null && seen.ready === ready && seen.starting + seen.draining === 0;
    }, `${ready} workers ready and no deployment`);
  };
  const why = (decisionId: string) => ({ decisionId, message: decisionId });

  before(async () => {
    agent = await startAgent(version ?? '');
    await agent.api('POST', '/v1/jobs', { Job: aJob('fleet-a', 2) });
    nomad = anAdapter(agent.url);
  });
  after(async () => agent.stop());

  it('sees the first deployment block, then the workers ready', async () => {
    await calm(2);
    assert.equal((await zone()).up, true);
  });

  it('a raise is done, blocks the next change, keeps its survivors ready, and a repeat changes nothing', async () => {
    assert.deepEqual(await nomad.scale(target, 'a', 3, why('d-1')), { kind: 'done', workers: 3 });
    await until(async () => (await zone()).blocked?.kind === 'deployment', 'its deployment runs', 5);
    const during = await zone();
    assert.ok(during.ready >= 2, `survivors stay ready: ${JSON.stringify(during)}`);
    const blocked = await nomad.scale(target, 'a', 1, why('d-2'));
    assert.equal(blocked.kind, 'blocked');
    assert.deepEqual(await nomad.scale(target, 'a', 3, why('d-1')), { kind: 'done', workers: 3 });
    await calm(3);
    const { body } = await agent.api('GET', '/v1/job/fleet-a/scale');
    assert.equal(JSON.stringify(body).split('"muster_decision":"d-1"').length - 1, 1);
  });

  it('plan finds the largest count that fits, and a raise beyond it stops there', async () => {
    const plan = await nomad.plan(target, 'a', 9);
    assert.deepEqual([plan.fits, plan.how], [4, 'plan']);
    assert.match(plan.lacks ?? '', /memory/);
    assert.deepEqual(await nomad.scale(target, 'a', 9, why('d-3')), { kind: 'done', workers: 4 });
    await calm(4);
  });

  it('a cut is done', async () => {
    assert.deepEqual(await nomad.scale(target, 'a', 1, why('d-4')), { kind: 'done', workers: 1 });
    await calm(1);
  });

  it("somebody's wedge blocks, and is free once its deployment is failed", async () => {
    await agent.api('POST', '/v1/job/fleet-a/scale', { Count: 7, Target: { Group: 'workers' } });
    await until(async () => (await zone()).ready === 4, 'four of seven run');
    const cut = await nomad.scale(target, 'a', 1, why('d-5'));
    assert.ok(cut.kind === 'blocked' && cut.by.kind === 'deployment');
    await agent.api('POST', `/v1/deployment/fail/${cut.by.id}`);
    assert.deepEqual(await nomad.scale(target, 'a', 1, why('d-5')), { kind: 'done', workers: 1 });
    await calm(1);
  });

  it('stops where the operator froze the cluster, even where the token could go on', async (test) => {
    const path = '/v1/operator/scheduler/configuration';
    const { body } = await agent.api('GET', path);
    const config = (body as { SchedulerConfig: Record<string, unknown> }).SchedulerConfig;
    if (!('RejectJobRegistration' in config)) return test.skip('this Nomad cannot be frozen');
    await agent.api('PUT', path, { ...config, RejectJobRegistration: true });
    const result = await anAdapter(agent.url).scale(target, 'a', 2, why('d-6'));
    await agent.api('PUT', path, { ...config, RejectJobRegistration: false });
    assert.ok(result.kind === 'blocked' && result.by.kind === 'frozen-by-operator');
  });

  it('a drain carries the mark, empties the node, and repeats harmlessly', async () => {
    const [node] = await nomad.nodes(target);
    assert.equal(node?.zone, 'a');
    await nomad.drain(target, node!.id, { decisionId: 'd-7', deadlineSeconds: 5 });
    await nomad.drain(target, node!.id, { decisionId: 'd-7', deadlineSeconds: 5 });
    await until(async () => (await nomad.nodes(target))[0]?.drain?.done === true, 'the drain is done', 40);
    const [then] = await nomad.nodes(target);
    assert.deepEqual([then?.eligible, then?.workers, then?.status], [false, 0, 'ready']);
    assert.equal((await nomad.plan(target, 'a', 3)).fits, 0);
    await agent.api('POST', `/v1/node/${node!.id}/eligibility`, { Eligibility: 'eligible' });
  });

  it('unknown jobs and nodes', async () => {
    await nomad.drain(target, '00000000-0000-4000-8000-000000000000', {
      decisionId: 'd-8',
      deadlineSeconds: 5,
    });
    const wrong = { ...target, targets: [{ zone: 'a', job: 'nojob', group: 'workers' }] };
    const error = await nomad.zones(wrong).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof OutsideError);
    assert.deepEqual([error.class, error.status], ['human', 404]);
  });
});

describe(`doctor against a real agent with ACLs (${version ?? 'none'})`, { skip }, () => {
  const target: OrchestratorTarget = {
    kind: 'nomad',
    targets: [{ zone: 'a', job: 'fleet-a', group: 'workers' }],
    workersPerAllocation: 1,
    slotsPerNode: 4,
  };
  const rights = ['list-jobs', 'read-job', 'read-job-scaling', 'scale-job'];
  let agent: Agent;
  let management: string;
  before(async () => {
    agent = await startAgent(version ?? '', { acl: { enabled: true } });
    const { body } = await agent.api('POST', '/v1/acl/bootstrap');
    management = (body as { SecretID: string }).SecretID;
    await agent.api('POST', '/v1/jobs', { Job: aJob('fleet-a', 2) }, management);
  });
  after(async () => agent.stop());

  const missing = async (name: string, capabilities: string[], node: string): Promise<string[]> =>
    missingUnder(
      name,
      `namespace "default" { capabilities = ${JSON.stringify(capabilities)} }
      node { policy = "${node}" }
      operator { policy = "read" }`,
    );
  const missingUnder = async (name: string, Rules: string): Promise<string[]> => {
    await agent.api('POST', `/v1/acl/policy/${name}`, { Name: name, Rules }, management);
    const asked = { Name: name, Type: 'client', Policies: [name] };
    const { body } = await agent.api('POST', '/v1/acl/token', asked, management);
    const checks = await checkNomad(optionsFor(agent.url, (body as { SecretID: string }).SecretID), [target]);
    return checks.filter((one) => !one.ok).map((one) => one.what);
  };

  it('the policy in deploy/ holds every right that is looked at', async () => {
    const policy = new URL('../../../../deploy/nomad/muster.policy.hcl', import.meta.url);
    assert.deepEqual(await missingUnder('deployed', readFileSync(policy, 'utf8')), []);
  });

  it('finds which rights are missing, and leaves no trace', async () => {
    await until(async () => {
      const { body } = await agent.api('GET', '/v1/job/fleet-a/allocations', undefined, management);
      return (body as { ClientStatus: string }[]).some((one) => one.ClientStatus === 'running');
    }, 'a worker runs');
    const all = [...rights, 'submit-job', 'alloc-lifecycle', 'read-logs'];
    assert.deepEqual(await missing('full', all, 'write'), []);
    const rollouts = ['deploy, unwedge: change jobs', 'deploy, recycle: stop workers', 'deploy: read logs'];
    assert.deepEqual(await missing('lean', rights, 'write'), ['plan', ...rollouts]);
    assert.deepEqual(await missing('read', ['list-jobs', 'read-job', 'read-job-scaling'], 'read'), [
      'scale',
      'plan',
      ...rollouts,
      'drain nodes',
    ]);
    const { body } = await agent.api('GET', '/v1/job/fleet-a/scale', undefined, management);
    assert.equal((body as { TaskGroups: { workers: { Events: null } } }).TaskGroups.workers.Events, null);
    const job = await agent.api('GET', '/v1/job/fleet-a', undefined, management);
    assert.equal((job.body as { Version: number }).Version, 0);
    const placed = await agent.api('GET', '/v1/job/fleet-a/allocations', undefined, management);
    const restarts = (placed.body as { TaskStates: { worker: { Restarts: number } } }[]).map(
      (one) => one.TaskStates.worker.Restarts,
    );
    assert.deepEqual(restarts, [0, 0]);
  });
});

function anAdapter(address: string): OrchestratorReader & OrchestratorActor {
  return createNomadOrchestrator(optionsFor(address, null));
}

function optionsFor(address: string, token: string | null): NomadOptions {
  return {
    address,
    token,
    namespace: 'default',
    region: null,
    tls: { ca: null, cert: null, key: null, serverName: null, skipVerify: false },
    timeoutMs: 10_000,
  };
}
