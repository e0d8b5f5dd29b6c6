import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createFixedNodeGroups } from '../../../src/adapters/fixed/node-groups.js';
import { refusal } from '../../../src/adapters/gce/errors.js';
import { createGceNodeGroups } from '../../../src/adapters/gce/node-groups.js';
import { OutsideError } from '../../../src/errors.js';
import { createGceStandIn } from '../../../src/sandbox/gce/stand-in.js';
import type { ClusterSpec } from '../../../src/simulation/cluster.js';
import { groupsTarget, nodeGroupsContract } from '../../contracts/node-groups.js';
import { aSpec } from '../../contracts/orchestrator.js';
import { aWorld } from '../../sandbox/stage.js';

nodeGroupsContract('Google managed instance groups', (spec) => aGoogle(spec));

describe('the instance-group adapter', () => {
  it('marks each change with its decision, in a header that Google keeps', async () => {
    const stage = await aGoogle(aSpec());
    await stage.groups.grow(groupsTarget, 'a', 2, { decisionId: 'd-9' });
    await stage.groups.remove(groupsTarget, 'a', ['x'], { decisionId: 'd-10' });
    assert.deepEqual(
      stage.calls.map(({ target, decisionId, status }) => [target, decisionId, status]),
      [
        ['gce', 'd-9', 200],
        ['gce', 'd-10', 200],
      ],
    );
    await stage.close();
  });

  it('a wrong token is for people', async () => {
    const stage = await aGoogle(aSpec(), 'wrong');
    const error = await stage.groups.list(groupsTarget).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof OutsideError);
    assert.deepEqual([error.class, error.status], ['human', 401]);
    assert.doesNotMatch(error.message, /wrong/);
    await stage.close();
  });

  const cases = [
    { name: 'rate limit', status: 403, reason: 'rateLimitExceeded', class: 'retry', why: 'rate-limited' },
    { name: 'quota', status: 403, reason: 'quotaExceeded', class: 'human', why: 'refused' },
    { name: 'too many', status: 429, reason: 'x', class: 'retry', why: 'rate-limited' },
    { name: 'busy resource', status: 400, reason: 'resourceNotReady', class: 'wait', why: 'refused' },
    { name: 'server error', status: 503, reason: 'backendError', class: 'retry', why: 'error' },
    { name: 'bad request', status: 400, reason: 'invalid', class: 'human', why: 'refused' },
  ];
  for (const one of cases) {
    it(`${one.name} is of class ${one.class}`, async () => {
      const error = { code: one.status, message: 'words', errors: [{ reason: one.reason }] };
      const api = await aServer(() => [one.status, { error }]);
      const groups = createGceNodeGroups({ apiUrl: api.url, token: 't', timeoutMs: 60_000 });
      const thrown = await groups.list(groupsTarget).catch((caught: unknown) => caught);
      assert.ok(thrown instanceof OutsideError);
      assert.deepEqual([thrown.class, thrown.why], [one.class, one.why]);
      await api.close();
    });
  }

  it('an operation that fails at once speaks in the words of the cloud', async () => {
    const api = await aServer((path) =>
      path.includes('resize')
        ? [200, { status: 'DONE', error: { errors: [{ code: 'QUOTA_EXCEEDED', message: 'GPUs: 8' }] } }]
        : [200, { targetSize: 1 }],
    );
    const groups = createGceNodeGroups({ apiUrl: api.url, token: 't', timeoutMs: 60_000 });
    await assert.rejects(groups.grow(groupsTarget, 'a', 2, { decisionId: 'd-1' }), /QUOTA_EXCEEDED: GPUs: 8/);
    await api.close();
  });

  it('reads every page of a large group', async () => {
    const api = await aServer((path) => {
      if (!path.includes('listManagedInstances')) return [200, { targetSize: 2 }];
      const one = (name: string) => ({
        instance: `zones/z/instances/${name}`,
        currentAction: 'NONE',
        instanceStatus: 'RUNNING',
      });
      return path.includes('pageToken=p2')
        ? [200, { managedInstances: [one('b')] }]
        : [200, { managedInstances: [one('a')], nextPageToken: 'p2' }];
    });
    const groups = createGceNodeGroups({ apiUrl: api.url, token: 't', timeoutMs: 60_000 });
    const [seen] = await groups.list(groupsTarget);
    assert.deepEqual(
      seen?.instances.map((one) => one.name),
      ['a', 'b'],
    );
    await api.close();
  });

  it('a peer that hangs is a timeout, to be tried again', async () => {
    const api = await aServer(() => null);
    const groups = createGceNodeGroups({ apiUrl: api.url, token: 't', timeoutMs: 60 });
    const thrown = await groups.list(groupsTarget).catch((caught: unknown) => caught);
    assert.ok(thrown instanceof OutsideError);
    assert.deepEqual([thrown.class, thrown.why], ['retry', 'timeout']);
    await api.close();
  });

  it("trades a service account's key for a token once, and uses it", async () => {
    const seen: string[] = [];
    const api = await aServer((path, headers) => {
      seen.push(`${path.split('?')[0]} ${headers.authorization ?? ''}`);
      if (path === '/token') return [200, { access_token: 'fresh', expires_in: 3600 }];
      return path.includes('list') ? [200, {}] : [200, { targetSize: 0 }];
    });
    const folder = await mkdtemp(join(tmpdir(), 'muster-gce-'));
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = {
      client_email: 'muster@example.com',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      token_uri: `${api.url}/token`,
    };
    await writeFile(join(folder, 'key.json'), JSON.stringify(key), { mode: 0o600 });
    const groups = createGceNodeGroups({
      apiUrl: api.url,
      token: null,
      credentialsFile: join(folder, 'key.json'),
      timeoutMs: 60_000,
    });
    await groups.grow(groupsTarget, 'a', 0, { decisionId: 'd-1' });
    await groups.grow(groupsTarget, 'b', 0, { decisionId: 'd-1' });
    assert.equal(seen.filter((one) => one.startsWith('/token')).length, 1);
    assert.ok(seen.slice(1).every((one) => one.endsWith('Bearer fresh')));
    await rm(folder, { recursive: true });
    await api.close();
  });
});

describe('fixed node groups', () => {
  it('list nothing, and leave growing and removing to people', async () => {
    const groups = createFixedNodeGroups();
    assert.deepEqual(await groups.list({ kind: 'fixed' }), []);
    for (const act of [
      groups.grow({ kind: 'fixed' }, 'a', 2, { decisionId: 'd-1' }),
      groups.remove({ kind: 'fixed' }, 'a', ['n'], { decisionId: 'd-1' }),
    ]) {
      await assert.rejects(act, (error) => error instanceof OutsideError && error.class === 'human');
    }
  });
});

async function aGoogle(spec: ClusterSpec, token = 'secret-token') {
  const world = aWorld(spec);
  const standIn = await createGceStandIn({ ...world, token: 'secret-token' });
  const groups = createGceNodeGroups({ apiUrl: standIn.url, token, timeoutMs: 60_000 });
  return { ...world, groups, close: () => standIn.close() };
}

type Reply = [status: number, body: object] | null;

async function aServer(reply: (path: string, headers: Record<string, unknown>) => Reply) {
  const server = createServer((request, response) => {
    request.resume();
    const said = reply(request.url ?? '', request.headers);
    if (said === null) return;
    response.writeHead(said[0], { 'content-type': 'application/json' });
    response.end(JSON.stringify(said[1]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

it('how long the cloud wants to be left alone is heard; a date or junk is not', () => {
  const after = (header: string | null) => refusal('resize g', 429, '', header).retryAfterMs;
  assert.deepEqual(['30', '0', null, 'Wed, 21 Oct 2026 07:28:00 GMT', '-1'].map(after), [
    30_000,
    0,
    null,
    null,
    null,
  ]);
});
