/** Where allocations listen: what Nomad says of their networks, read once each, and unknown when it cannot be read. */
import { deepEqual, equal, rejects } from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createNomadAddresses } from '../../../src/adapters/nomad/addresses.js';
import { OutsideError } from '../../../src/errors.js';
import type { OrchestratorTarget } from '../../../src/ports.js';

const target: OrchestratorTarget = {
  kind: 'nomad',
  targets: [{ zone: 'a', job: 'ocr-a', group: 'workers' }],
  workersPerAllocation: 2,
  slotsPerNode: 2,
};
const network = (IP: string, Label: string, Value: number) => ({
  IP,
  DynamicPorts: [{ Label, Value }],
  ReservedPorts: null,
});
const RESOURCES: Record<string, unknown> = {
  ports: {
    Shared: { Networks: null, Ports: [{ Label: 'health', Value: 21_000, HostIP: '10.0.0.1' }] },
    Tasks: {},
  },
  shared: { Shared: { Networks: [network('10.0.0.2', 'health', 22_000)], Ports: null } },
  reserved: {
    Shared: {
      Networks: [{ IP: '10.0.0.3', DynamicPorts: null, ReservedPorts: [{ Label: 'health', Value: 18_080 }] }],
    },
  },
  task: { Shared: null, Tasks: { w: { Networks: [network('10.0.0.4', 'health', 24_000)] } } },
  other: { Shared: { Networks: [network('10.0.0.5', 'http', 25_000)] } },
  none: { Shared: { Networks: null, Ports: null }, Tasks: { w: { Networks: null } } },
  absent: null,
};
const stub = (ID: string, more: object = {}) => ({
  ...{ ID, NodeID: `node-${ID}`, TaskGroup: 'workers', DesiredStatus: 'run', ClientStatus: 'running' },
  ...{ DeploymentStatus: { Healthy: true }, TaskStates: null, CreateIndex: 1 },
  ...more,
});

describe('addresses of allocations', () => {
  let asked: string[] = [];
  let failing = false;
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://nomad').pathname;
    asked.push(path);
    const answer = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const ids = Object.keys(RESOURCES);
    if (path === '/v1/job/ocr-a/allocations')
      return answer([
        ...ids.map((id) => stub(id)),
        stub('gone'),
        stub('new', { DeploymentStatus: { Healthy: false } }),
      ]);
    if (path === '/v1/job/ocr-a/deployment') return answer(null);
    const id = path.slice('/v1/allocation/'.length);
    if (id === 'gone') return answer('alloc not found', 404);
    if (failing) return answer('boom', 500);
    return answer({ ID: id, AllocatedResources: RESOURCES[id] });
  });
  let reached: Parameters<typeof createNomadAddresses>[0];
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    reached = {
      ...{ address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: null },
      ...{ namespace: 'default', region: null, timeoutMs: 60_000 },
      tls: { ca: null, cert: null, key: null, serverName: null, skipVerify: false },
    };
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  beforeEach(() => {
    asked = [];
    failing = false;
  });

  it('reads a port by its label wherever Nomad keeps it; without the label there is only an address', async () => {
    const found = await createNomadAddresses(reached).addresses(target, 'health');
    deepEqual(
      found.map(({ id, host, port }) => [id, host, port]),
      [
        ['ports', '10.0.0.1', 21_000],
        ['shared', '10.0.0.2', 22_000],
        ['reserved', '10.0.0.3', 18_080],
        ['task', '10.0.0.4', 24_000],
        ['other', '10.0.0.5', null],
        ['none', null, null],
        ['absent', null, null],
        ['gone', null, null],
      ],
    );
    deepEqual([found[0]?.zone, found[0]?.nodeId, found[0]?.workers], ['a', 'node-ports', 2]);
  });

  it('reads each allocation once, and again only what could not be read', async () => {
    const nomad = createNomadAddresses(reached);
    failing = true;
    const dark = await nomad.addresses(target, 'health');
    equal(
      dark.every(({ host }) => host === null),
      true,
    );
    failing = false;
    equal((await nomad.addresses(target, 'health')).filter(({ host }) => host !== null).length, 5);
    asked = [];
    await nomad.addresses(target, 'health');
    deepEqual(asked.sort(), ['/v1/job/ocr-a/allocations', '/v1/job/ocr-a/deployment']);
  });

  it('reads no allocation where nobody wants to know where it listens', async () => {
    const found = await createNomadAddresses(reached).addresses(target, null);
    deepEqual(
      [found.length, found.every(({ host }) => host === null)],
      [Object.keys(RESOURCES).length + 1, true],
    );
    deepEqual(asked.sort(), ['/v1/job/ocr-a/allocations', '/v1/job/ocr-a/deployment']);
  });

  it('refuses a target that is not Nomad’s', async () => {
    const other = { ...target, kind: 'kubernetes', targets: [] } as OrchestratorTarget;
    await rejects(createNomadAddresses(reached).addresses(other, 'health'), OutsideError);
  });
});
