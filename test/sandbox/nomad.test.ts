import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createNomadStandIn } from '../../src/sandbox/nomad/stand-in.js';
import { aSpec, MINUTE } from '../contracts/orchestrator.js';
import { aWorld, type World } from './stage.js';

for (const profile of ['1.1', '2.0'] as const) {
  describe(`the Nomad stand-in, profile ${profile}`, () => {
    let world: World;
    let url: string;
    let close: () => Promise<void>;
    beforeEach(async () => {
      world = aWorld(aSpec());
      const standIn = await createNomadStandIn({ ...world, profile, token: 'right' });
      ({ url } = standIn);
      close = () => standIn.close();
    });
    afterEach(async () => close());

    const ask = async (
      path: string,
      body?: unknown,
      headers: Record<string, string> = { 'x-nomad-token': 'right' },
    ) => {
      const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const answer = await fetch(`${url}${path}`, { ...sent, headers });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    };
    const scale = '/v1/job/face-match-a/scale';
    const four = { Count: 4, Target: { Group: 'workers' }, Meta: { muster_decision: 'd-1' } };

    it('wants its token, and takes a bearer since 1.4 only', async () => {
      const none = await ask('/v1/jobs', undefined, {});
      assert.deepEqual([none.status, none.text], [403, 'Permission denied']);
      const wrong = await ask('/v1/jobs', undefined, { 'x-nomad-token': 'wrong' });
      assert.deepEqual([wrong.status, wrong.text], [403, 'ACL token not found']);
      const bearer = await ask('/v1/jobs', undefined, { authorization: 'Bearer right' });
      assert.equal(bearer.status, profile === '2.0' ? 200 : 403);
    });

    it('records every change it was asked for, with its decision, and no read', async () => {
      await ask(scale, four);
      await ask('/v1/jobs');
      await ask(scale, { ...four, Meta: { muster_decision: 'd-2' } });
      assert.deepEqual(
        world.calls.map(({ target, method, path, decisionId, status }) => [
          target,
          method,
          path,
          decisionId,
          status,
        ]),
        [
          ['nomad', 'POST', scale, 'd-1', 200],
          ['nomad', 'POST', scale, 'd-2', 400],
        ],
      );
    });

    it('records a change that a fault answers with an error, and no plan', async () => {
      world.setFault('nomad', 'error');
      await ask(scale, four);
      await ask('/v1/job/face-match-a/plan', {});
      assert.deepEqual(
        world.calls.map(({ method, path, status }) => [method, path, status]),
        [['POST', scale, 500]],
      );
    });

    it('leaves an event of a refusal in 1.1, and none in 2.0', async () => {
      await ask(scale, four);
      await ask(scale, { ...four, Count: 5 });
      const events = world.cluster.job('face-match-a')!.events;
      assert.equal(events.length, profile === '1.1' ? 2 : 1);
    });

    it('looks at the job-modify index since 1.8.2 only', async () => {
      const stale = await ask(scale, { ...four, JobModifyIndex: 1 });
      assert.equal(stale.status, profile === '1.1' ? 200 : 500);
      if (profile === '2.0') {
        const actual = world.cluster.job('face-match-a')!.jobModifyIndex;
        assert.equal(
          stale.text,
          `Enforcing job modify index 1: job exists with conflicting job modify index: ${actual}`,
        );
      }
    });

    it('speaks of times on the Muster clock', async () => {
      world.pass(10 * MINUTE);
      await ask(scale, four);
      const { text } = await ask(scale);
      const [event] = JSON.parse(text).TaskGroups.workers.Events as { Time: number }[];
      assert.equal(Math.round((event?.Time ?? 0) / 1e6), world.cluster.now);
    });

    it('a blocking read returns when something changes', async () => {
      const index = (await ask('/v1/nodes')).headers.get('x-nomad-index');
      const waiting = ask(`/v1/nodes?index=${index}&wait=30s`);
      await ask(scale, four);
      assert.ok(Number((await waiting).headers.get('x-nomad-index')) > Number(index));
    });

    it('a blocking read gives up after its wait, with the lower, real index', async () => {
      const answer = await ask('/v1/nodes?index=999999&wait=50ms');
      assert.equal(answer.status, 200);
      assert.ok(Number(answer.headers.get('x-nomad-index')) < 999_999);
    });

    it('an unknown path is not found, a frozen cluster refuses', async () => {
      assert.equal((await ask('/v1/nothing')).status, 404);
      world.cluster.setFrozenByOperator(true);
      const frozen = await ask(scale, four);
      assert.equal(frozen.status, 403);
      assert.match(frozen.text, /disabled by the scheduler configuration$/);
    });

    it('its faults are those of the wire', async () => {
      world.setFault('nomad', 'error');
      assert.equal((await ask('/v1/jobs')).status, 500);
      world.setFault('nomad', 'down');
      await assert.rejects(ask('/v1/jobs'));
      world.setFault('rabbitmq', 'down');
      assert.equal((await ask('/v1/jobs')).status, 200);
    });

    it('closes though sockets are kept and a read blocks', async () => {
      const waiting = ask('/v1/nodes?index=999999&wait=60s').catch(() => 'cut');
      await ask('/v1/jobs');
      await close();
      assert.equal(await waiting, 'cut');
    });
  });
}
