import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { createNomadClient, type NomadOptions } from '../../../src/adapters/nomad/client.js';
import { createNodeBook, isUp, type KnownNode, seenAs, zoneOf } from '../../../src/adapters/nomad/nodes.js';
import type { Allocation, Deployment, Job, NodeStub } from '../../../src/adapters/nomad/shapes.js';
import { count, there } from '../../../src/adapters/nomad/workers.js';
import { OutsideError } from '../../../src/errors.js';
import { createCertificate } from '../../../src/sandbox/pagerduty/certificate.js';

describe('which allocations are ready', () => {
  const cases: [title: string, allocation: Partial<Allocation>, deployment: boolean, is: string][] = [
    ['healthy and running', { DeploymentStatus: { Healthy: true } }, true, 'ready'],
    ['running, unhealthy', { DeploymentStatus: { Healthy: false } }, true, 'starting'],
    ['newer than the running deployment, health unknown', { CreateIndex: 60 }, true, 'starting'],
    ['a survivor of the running deployment, health unknown', { CreateIndex: 40 }, true, 'ready'],
    ['health unknown and no deployment', { CreateIndex: 60 }, false, 'ready'],
    ['pending', { ClientStatus: 'pending' }, false, 'starting'],
    [
      'running, but a task is still to come',
      { TaskStates: { w: { State: 'pending', Failed: false } } },
      false,
      'starting',
    ],
    [
      'its prestart task ended well',
      { TaskStates: { pull: { State: 'dead', Failed: false }, w: { State: 'running', Failed: false } } },
      false,
      'ready',
    ],
    ['told to stop and still running', { DesiredStatus: 'stop' }, false, 'draining'],
    ['told to stop before it ran', { DesiredStatus: 'stop', ClientStatus: 'pending' }, false, 'nothing'],
    ['lost', { ClientStatus: 'lost', DesiredStatus: 'stop' }, false, 'nothing'],
    ['failed', { ClientStatus: 'failed' }, false, 'nothing'],
    ['of another group', { TaskGroup: 'sidecars' }, false, 'nothing'],
  ];
  for (const [title, over, running, is] of cases) {
    it(`${title}: ${is}`, () => {
      const counted = count([anAllocation(over)], 'workers', running ? aDeployment() : null);
      const none = { ready: 0, starting: 0, draining: 0 };
      assert.deepEqual(counted, is === 'nothing' ? none : { ...none, [is]: 1 });
    });
  }
});

describe('which allocations hold a place', () => {
  const failed = anAllocation({ ID: 'failed', Name: 'ocr-a.workers[0]', ClientStatus: 'failed' });
  const ids = (all: Allocation[]) => there(all).map((one) => one.ID);

  it('a failed one, until its number is given to another, which 1.1 does without telling it to stop', () => {
    const next = anAllocation({ ID: 'next', Name: 'ocr-a.workers[0]', CreateIndex: 60 });
    assert.deepEqual(ids([failed]), ['failed']);
    assert.deepEqual(ids([failed, { ...next, Name: 'ocr-a.workers[1]' }]), ['failed', 'next']);
    assert.deepEqual(ids([failed, next]), ['next']);
  });
});

describe('which nodes belong to a zone', () => {
  const nodesOf = async (job: Partial<Job>, nodes: KnownNode[]) => {
    const asked: string[] = [];
    const client = {
      get: async <T>(_path: string, shape: z.ZodType<T>) => shape.parse(nodes.map((one) => one.stub)),
      find: async <T>(path: string, shape: z.ZodType<T>) => {
        asked.push(path);
        const node = nodes.find((one) => path.endsWith(one.stub.ID));
        return shape.parse({
          ID: node?.stub.ID,
          Attributes: node?.attributes,
          Meta: node?.meta,
          DrainStrategy: null,
          SchedulingEligibility: 'eligible',
        });
      },
      post: async () => assert.fail('reading nodes changes nothing'),
      text: async () => assert.fail('not asked'),
      remove: async () => assert.fail('not asked'),
    };
    const book = createNodeBook(client);
    const jobs = [{ zone: 'a', group: 'workers', job: aJob(job) }];
    const names = async () => (await book.of(jobs)).get('a')?.map((one) => one.stub.Name);
    return { names: await names(), again: await names(), asked };
  };

  it('those that meet its datacenters, pool and constraints; others are not even asked', async () => {
    const job = {
      Datacenters: ['mumbai-*'],
      NodePool: 'gpu',
      Constraints: [
        { LTarget: '$'.concat('{node.class}'), RTarget: 't4', Operand: '=' },
        { LTarget: '$'.concat('{meta.fleet}'), RTarget: 'ocr', Operand: '=' },
        { LTarget: '$'.concat('{attr.kernel.name}'), RTarget: 'linux', Operand: '=' },
        { LTarget: '$'.concat('{attr.cpu.numcores}'), RTarget: '3', Operand: '>' },
      ],
    };
    const fits = { Datacenter: 'mumbai-1', NodePool: 'gpu', NodeClass: 't4' };
    const inside = { meta: { fleet: 'ocr' }, attributes: { 'kernel.name': 'linux' } };
    const { names, asked, again } = await nodesOf(job, [
      aNode('right', fits, inside),
      aNode('other-fleet', fits, { ...inside, meta: { fleet: 'face' } }),
      aNode('other-class', { ...fits, NodeClass: 'cpu' }, inside),
      aNode('other-place', { ...fits, Datacenter: 'delhi' }, inside),
      aNode('other-pool', { ...fits, NodePool: 'cpu' }, inside),
    ]);
    assert.deepEqual(names, ['right']);
    assert.deepEqual(again, names);
    assert.deepEqual(asked, ['/v1/node/right', '/v1/node/other-fleet']);
  });

  it("not one whose own zone is another of the fleet's", async () => {
    const { names } = await nodesOf({}, [aNode('near', {}, { meta: { zone: 'a' } }), aNode('plain')]);
    assert.deepEqual(names, ['near', 'plain']);
  });

  it('a zone is read from meta, then from Google, then from the datacenter', () => {
    const google = { 'platform.gce.zone': 'asia-south1-a' };
    assert.equal(zoneOf(aNode('n', {}, { meta: { zone: 'a' }, attributes: google })), 'a');
    assert.equal(zoneOf(aNode('n', {}, { attributes: google })), 'asia-south1-a');
    assert.equal(zoneOf(aNode('n', { Datacenter: 'dc7' })), 'dc7');
  });

  it("a node's name is the cloud's, without the domain", () => {
    const attributes = { 'unique.platform.gce.hostname': 'vm-7.asia-south1-a.c.p.internal' };
    assert.equal(seenAs(aNode('client-7', {}, { attributes }), 'a', 0).name, 'vm-7');
  });

  it('a zone is out when a node died undrained and none is ready', () => {
    const down = aNode('n', { Status: 'down' });
    const drained = aNode('n', { Status: 'down', SchedulingEligibility: 'ineligible' });
    assert.equal(isUp([]), true);
    assert.equal(isUp([down]), false);
    assert.equal(isUp([down, aNode('m')]), true);
    assert.equal(isUp([drained]), true);
    assert.equal(isUp([aNode('n', { Status: 'disconnected' })]), false);
  });
});

describe('the connection to Nomad', () => {
  it('trusts the given authority over TLS, sends namespace and region, and refuses a stranger', async () => {
    const { cert, key } = createCertificate('nomad');
    const seen: string[] = [];
    const server = createServer({ cert, key }, (request, response) => {
      seen.push(`${request.url} ${request.headers['x-nomad-token']}`);
      response.end('[]');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const shape = z.array(z.unknown());
    const trusting = createNomadClient(options({ address, ca: cert }));
    assert.deepEqual(await trusting.get('/v1/jobs', shape, { prefix: 'x' }), []);
    assert.deepEqual(seen, ['/v1/jobs?namespace=ml&region=india&prefix=x t']);
    const wary = createNomadClient(options({ address, ca: null }));
    await assert.rejects(
      wary.get('/v1/jobs', shape),
      (error) =>
        error instanceof OutsideError && error.why === 'unreachable' && !error.message.includes('t4-secret'),
    );
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

function options(over: { address: string; ca: string | null }): NomadOptions {
  const tls = { ca: over.ca, cert: null, key: null, serverName: null, skipVerify: false };
  return { address: over.address, token: 't', namespace: 'ml', region: 'india', tls, timeoutMs: 60_000 };
}

function anAllocation(over: Partial<Allocation>): Allocation {
  return {
    ID: 'a',
    NodeID: 'n',
    TaskGroup: 'workers',
    DesiredStatus: 'run',
    ClientStatus: 'running',
    DeploymentStatus: null,
    TaskStates: { w: { State: 'running', Failed: false } },
    CreateIndex: 40,
    ...over,
  };
}

function aDeployment(): Deployment {
  return { ID: 'd', Status: 'running', StatusDescription: '', JobVersion: 0, CreateIndex: 50 };
}

function aJob(over: Partial<Job>): Job {
  return { ID: 'ocr-a', JobModifyIndex: 1, TaskGroups: [{ Name: 'workers', Count: 1 }], ...over };
}

function aNode(
  name: string,
  stub: Partial<NodeStub> = {},
  inside: { meta?: Record<string, string>; attributes?: Record<string, string> } = {},
): KnownNode {
  return {
    stub: {
      ID: name,
      Name: name,
      Datacenter: 'dc1',
      NodeClass: '',
      Drain: false,
      SchedulingEligibility: 'eligible',
      Status: 'ready',
      LastDrain: null,
      ...stub,
    },
    meta: inside.meta ?? {},
    attributes: inside.attributes ?? {},
  };
}
