import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createGceStandIn } from '../../src/sandbox/gce/stand-in.js';
import { aSpec } from '../contracts/orchestrator.js';
import { aWorld, type World } from './stage.js';

interface Answer {
  kind?: string;
  status?: string | { isStable: boolean };
  error?: { code: number };
}

describe('the instance-group stand-in', () => {
  const group = 'projects/p/zones/asia-south1-a/instanceGroupManagers/face-match-a';
  let world: World;
  let url: string;
  let close: () => Promise<void>;
  beforeEach(async () => {
    world = aWorld(aSpec({ maxNodesPerZone: 2 }));
    const standIn = await createGceStandIn(world);
    ({ url } = standIn);
    close = () => standIn.close();
  });
  afterEach(async () => close());

  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/${path}`, {
      method,
      headers: { authorization: 'Bearer any', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Answer };
  };

  it('is at the same path as the real one', () => assert.match(url, /\/compute\/v1$/));

  it('answers a change with an operation, records it with its decision, and is stable when done', async () => {
    const reason = { 'x-goog-request-reason': 'muster d-3' };
    const { status, body } = await ask('POST', `${group}/resize?size=2`, undefined, reason);
    assert.deepEqual([status, body.kind, body.status], [200, 'compute#operation', 'DONE']);
    assert.deepEqual(
      world.calls.map(({ target, decisionId, path }) => [target, decisionId, path.split('/').at(-1)]),
      [['gce', 'd-3', 'resize?size=2']],
    );
    const stable = async () => ((await ask('GET', group)).body.status as { isStable: boolean }).isStable;
    assert.equal(await stable(), false);
    world.pass(180);
    assert.equal(await stable(), true);
  });

  it('lists what the zone does not grant with the error of its last attempt', async () => {
    await ask('POST', `${group}/resize?size=4`);
    const { body } = await ask('POST', `${group}/listManagedInstances`);
    const text = JSON.stringify(body);
    assert.equal(text.split('ZONE_RESOURCE_POOL_EXHAUSTED').length - 1, 2);
    assert.equal(world.calls.length, 1);
  });

  it('a stranger among the instances is an error unless it is to be skipped', async () => {
    const instances = ['zones/asia-south1-a/instances/stranger'];
    assert.equal((await ask('POST', `${group}/deleteInstances`, { instances })).status, 400);
    const skipping = { instances, skipInstancesOnValidationError: true };
    assert.equal((await ask('POST', `${group}/deleteInstances`, skipping)).status, 200);
  });

  it('errors are JSON with a reason', async () => {
    const missing = await ask('GET', 'projects/p/zones/z/instanceGroupManagers/nope');
    assert.deepEqual([missing.status, missing.body.error?.code], [404, 404]);
    assert.equal((await ask('POST', `${group}/resize?size=many`)).status, 400);
    const nobody = await fetch(`${url}/${group}`);
    assert.equal(nobody.status, 401);
    await nobody.text();
  });
});
