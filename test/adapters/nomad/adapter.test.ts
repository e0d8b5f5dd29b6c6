import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkNomad } from '../../../src/adapters/nomad/check.js';
import { classify } from '../../../src/adapters/nomad/errors.js';
import { OutsideError } from '../../../src/errors.js';
import { aSpec, MINUTE, targetOf } from '../../contracts/orchestrator.js';
import { aNomad, type NomadStage } from './stage.js';

const spec = aSpec();
const target = targetOf(spec);
const why = { decisionId: 'd-1', message: 'four are needed' };

async function over(
  options: Parameters<typeof aNomad>[1],
  story: (stage: NomadStage) => Promise<void>,
): Promise<void> {
  const stage = await aNomad(aSpec(), options);
  try {
    await story(stage);
  } finally {
    await stage.close();
  }
}

const failureOf = async (act: Promise<unknown>): Promise<OutsideError> => {
  const thrown = await act.then(
    () => null,
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof OutsideError, 'it must fail with an error of the outside');
  return thrown;
};

describe("Nomad's errors", () => {
  const cases: [status: number, text: string, cls: string, why: string][] = [
    [400, 'job scaling blocked due to active deployment', 'wait', 'refused'],
    [400, 'group count was greater than scaling policy maximum: 9 > 5', 'human', 'refused'],
    [400, 'group count was less than scaling policy minimum: 0 < 1', 'human', 'refused'],
    [400, 'missing task group name for scaling action', 'human', 'refused'],
    [403, 'Permission denied', 'human', 'refused'],
    [403, 'ACL token not found', 'human', 'refused'],
    [404, 'job "nojob" not found', 'human', 'refused'],
    [429, 'Your IP is issuing too many concurrent connections', 'retry', 'rate-limited'],
    [500, 'No cluster leader', 'retry', 'error'],
    [500, 'No path to region', 'retry', 'error'],
    [
      500,
      'rpc error: failed to get conn: dial tcp 127.0.0.1:4647: connect: connection refused',
      'retry',
      'error',
    ],
    [
      500,
      'Enforcing job modify index 5: job exists with conflicting job modify index: 7',
      'refetch',
      'refused',
    ],
    [500, 'node lookup failed: index error: UUID must be 36 characters', 'human', 'error'],
    [500, 'total count was greater than configured job_max_count: 9 > 5', 'human', 'error'],
  ];
  for (const [status, text, cls, why] of cases) {
    it(`${status} ${text} is of class ${cls}`, () => {
      assert.deepEqual(classify(status, text), { class: cls, why });
    });
  }
});

describe('the Nomad adapter', () => {
  it("writes the decision's id and the reason into Nomad's own record", () =>
    over({}, async ({ orchestrator, cluster, calls }) => {
      await orchestrator.scale(target, 'a', 4, why);
      const [event] = cluster.job('face-match-a')!.events;
      assert.deepEqual(event?.meta, { muster_decision: 'd-1' });
      assert.equal(event?.message, 'four are needed');
      const scales = calls.filter((one) => one.path.endsWith('/scale'));
      assert.deepEqual(
        scales.map(({ decisionId, status }) => [decisionId, status]),
        [['d-1', 200]],
      );
    }));

  for (const [what, workers] of [
    ['cut', 1],
    ['raise', 5],
  ] as const) {
    it(`is refused a ${what} when somebody else changed the job after it was looked at`, () =>
      over({}, async ({ orchestrator, cluster, pass }) => {
        await orchestrator.scale(target, 'a', 3, why);
        pass(600);
        // The stand-in moves the cluster's time at each request: somebody is faster at the third.
        const { advance } = cluster;
        let requests = 0;
        cluster.advance = (now) => {
          advance(now);
          requests += 1;
          if (requests !== 3) return;
          cluster.advance = advance;
          cluster.scale('face-match-a', { count: 4, error: false, message: 'by hand', meta: null });
          pass(600);
        };
        const refused = orchestrator.scale(target, 'a', workers, { ...why, decisionId: 'd-2' });
        assert.equal((await failureOf(refused)).class, 'refetch');
        assert.equal(cluster.job('face-match-a')?.count, 4);
      }));
  }

  for (const profile of ['1.1', '2.0'] as const) {
    it(`never tries a scale that a deployment blocks (${profile})`, () =>
      over({ profile }, async ({ orchestrator, calls, pass }) => {
        await orchestrator.scale(target, 'a', 4, why);
        for (let n = 0; n < 5; n += 1) {
          pass(5);
          await orchestrator.scale(target, 'a', 2, { ...why, decisionId: 'd-2' });
        }
        assert.equal(calls.filter((one) => one.path.endsWith('/scale')).length, 1);
        assert.ok(calls.every((one) => one.status === 200));
      }));
  }

  it('a change that Nomad never got is not taken for done', () =>
    over({}, async ({ orchestrator, cluster, setFault }) => {
      setFault('nomad', 'down');
      const error = await failureOf(orchestrator.scale(target, 'a', 4, why));
      assert.deepEqual([error.class, error.why, error.status], ['retry', 'unreachable', null]);
      setFault('nomad', null);
      assert.equal(cluster.job('face-match-a')!.version, 0);
      assert.deepEqual(await orchestrator.scale(target, 'a', 4, why), { kind: 'done', workers: 4 });
    }));

  it('a peer that hangs is a timeout after its own deadline, not after the peer is done', () =>
    over({ timeoutMs: 80 }, async ({ orchestrator, setFault }) => {
      setFault('nomad', 'slow');
      const error = await failureOf(orchestrator.zones(target));
      assert.deepEqual([error.class, error.why], ['retry', 'timeout']);
    }));

  it('too many connections, no leader and an odd 500 are told apart', () =>
    over({}, async ({ orchestrator, setFault }) => {
      setFault('nomad', 'ratelimit');
      assert.equal((await failureOf(orchestrator.zones(target))).why, 'rate-limited');
      setFault('nomad', 'stale');
      assert.equal((await failureOf(orchestrator.zones(target))).class, 'retry');
      setFault('nomad', 'error');
      assert.equal((await failureOf(orchestrator.zones(target))).class, 'human');
    }));

  it('1.1 closes the connection where later versions say 429', () =>
    over({ profile: '1.1' }, async ({ orchestrator, setFault }) => {
      setFault('nomad', 'ratelimit');
      const error = await failureOf(orchestrator.zones(target));
      assert.deepEqual([error.class, error.why], ['retry', 'unreachable']);
    }));

  it('an operator who froze the cluster blocks every change (2.0)', () =>
    over({}, async ({ orchestrator, cluster }) => {
      cluster.setFrozenByOperator(true);
      const result = await orchestrator.scale(target, 'a', 2, why);
      assert.ok(result.kind === 'blocked' && result.by.kind === 'frozen-by-operator');
    }));

  it('a freeze that came a moment ago is told by the refusal itself', () =>
    over({}, async ({ orchestrator, cluster }) => {
      await orchestrator.zones(target);
      cluster.setFrozenByOperator(true);
      const result = await orchestrator.scale(target, 'a', 2, why);
      assert.ok(result.kind === 'blocked' && result.by.kind === 'frozen-by-operator');
    }));

  it('where the token may not plan it counts free slots, and says so once', () =>
    over({ denied: ['submit-job'] }, async ({ orchestrator, said, cluster }) => {
      assert.deepEqual(await orchestrator.plan(target, 'a', 4), { fits: 4, lacks: null, how: 'counted' });
      const short = await orchestrator.plan(target, 'a', 9);
      assert.deepEqual([short.fits, short.how], [4, 'counted']);
      assert.deepEqual(await orchestrator.scale(target, 'a', 9, why), { kind: 'done', workers: 4 });
      assert.equal(cluster.job('face-match-a')!.count, 4);
      assert.equal(said.filter((one) => one.includes('may not plan')).length, 1);
    }));

  it('works without the rights that only look for other owners, and says so once each', () =>
    over({ denied: ['list-scaling-policies', 'operator:read'] }, async ({ orchestrator, said }) => {
      await orchestrator.zones(target);
      await orchestrator.zones(target);
      assert.deepEqual(await orchestrator.scale(target, 'a', 2, why), { kind: 'done', workers: 2 });
      assert.equal(said.length, 2);
    }));

  it('a wrong token is for people, and is not repeated in the error', () =>
    over({ token: 'not-the-token' }, async ({ orchestrator }) => {
      const error = await failureOf(orchestrator.zones(target));
      assert.deepEqual([error.class, error.status], ['human', 403]);
      assert.doesNotMatch(JSON.stringify(error) + error.message + String(error.cause), /not-the-token/);
    }));

  it('somebody who changes the job between plan and scale makes it look again (2.0)', () =>
    over({}, async ({ orchestrator, cluster }) => {
      const original = cluster.fits;
      let changed = false;
      cluster.fits = (job, count) => {
        // The plan is being made: the other one is faster.
        if (!changed && count === 4) {
          changed = true;
          queueMicrotask(() => {
            cluster.scale(job, { count: 3, message: 'by hand' });
            const deployment = cluster.state.deployments.findLast((one) => one.job === job);
            cluster.failDeployment(deployment?.id ?? '');
          });
        }
        return original(job, count);
      };
      const error = await failureOf(orchestrator.scale(target, 'a', 4, why));
      assert.equal(error.class, 'refetch');
    }));

  it('asks little: nodes once each, owners and freezes twice a minute', () =>
    over({}, async ({ orchestrator, cluster }) => {
      let reads = 0;
      const advance = cluster.advance;
      cluster.advance = (to) => {
        reads += 1;
        advance(to);
      };
      await orchestrator.zones(target);
      const first = reads;
      reads = 0;
      await orchestrator.zones(target);
      // Per zone: scale, deployment, allocations; and one list of nodes.
      assert.equal(reads, 7);
      assert.ok(first <= 7 + 2 + 2 + 2 + 2, `${first} requests at first`);
    }));

  it('a thousand workers are read', async () => {
    const large = aSpec({ workers: 1000, maxNodesPerZone: 500 });
    const stage = await aNomad(large);
    for (let times = 0; times < 2; times += 1) {
      const [a] = await stage.orchestrator.zones(targetOf(large));
      assert.equal(a?.ready, 500);
    }
    await stage.close();
  });

  it('cuts are as many deployments as changes: after a minute the next one goes', () =>
    over({}, async ({ orchestrator, pass, cluster }) => {
      for (const workers of [4, 3, 2, 1]) {
        const result = await orchestrator.scale(target, 'b', workers, { ...why, decisionId: `d-${workers}` });
        assert.deepEqual(result, { kind: 'done', workers });
        pass(2 * MINUTE);
      }
      // 3 -> 4 -> 3 -> 2 -> 1.
      assert.equal(cluster.job('face-match-b')!.version, 4);
    }));
});

describe("doctor's look at Nomad", () => {
  const ask = (
    stage: NomadStage,
    over: { token?: string; address?: string } = {},
    uses: Parameters<typeof checkNomad>[2] = {},
  ) =>
    checkNomad(
      {
        address: over.address ?? stage.url,
        token: over.token ?? 'secret-token',
        namespace: 'default',
        region: null,
        tls: { ca: null, cert: null, key: null, serverName: null, skipVerify: false },
        timeoutMs: 60_000,
      },
      [target],
      uses,
    );

  it('finds nothing wrong with a full token, and changes nothing', () =>
    over({}, async (stage) => {
      const before = JSON.stringify(stage.cluster.save());
      const checks = await ask(stage, {}, { readsFiles: true });
      assert.ok(
        checks.every((one) => one.ok),
        JSON.stringify(checks.filter((one) => !one.ok)),
      );
      assert.equal(JSON.stringify(stage.cluster.save()), before);
    }));

  it('names each right that is missing', () =>
    over({ denied: ['scale-job', 'submit-job', 'node:write', 'operator:read'] }, async (stage) => {
      const missing = (await ask(stage)).filter((one) => !one.ok);
      assert.deepEqual(
        missing.map((one) => one.what),
        ['scale', 'plan', 'deploy, unwedge: change jobs', 'drain nodes', 'read the scheduler configuration'],
      );
      assert.match(missing[0]?.detail ?? '', /scale-job/);
    }));

  for (const profile of ['1.1', '2.0'] as const)
    it(`names what deploy and remedies need; a remedy that runs by itself makes it no option (${profile})`, () =>
      over({ profile, denied: ['submit-job', 'alloc-lifecycle', 'read-logs'] }, async (stage) => {
        const missing = async (auto: string[]) =>
          (await ask(stage, {}, { auto }))
            .filter((one) => !one.ok)
            .map(({ detail, optional }) => `${detail.replace('the token lacks ', '')}${optional ? '' : '!'}`);
        const plan = 'submit-job (or plan-job, since 1.11.2)';
        assert.deepEqual(await missing([]), [plan, 'submit-job', 'alloc-lifecycle', 'read-logs']);
        assert.deepEqual(await missing(['recycle-worker', 'unwedge']), [
          plan,
          'submit-job!',
          'alloc-lifecycle!',
          'read-logs',
        ]);
      }));

  for (const profile of ['1.1', '2.0'] as const)
    it(`looks for the right to read files where a fleet’s health is read so (${profile})`, () =>
      over({ profile, denied: ['read-fs'] }, async (stage) => {
        const failing = async (readsFiles: boolean) =>
          (await ask(stage, {}, { readsFiles })).filter((one) => !one.ok);
        assert.deepEqual(await failing(false), []);
        assert.deepEqual(await failing(true), [
          { what: 'health: read files', ok: false, detail: 'the token lacks read-fs', optional: true },
        ]);
      }));

  it('a cluster that its operator froze says nothing about the token', () =>
    over({}, async (stage) => {
      stage.cluster.setFrozenByOperator(true);
      assert.deepEqual(
        (await ask(stage)).filter((one) => !one.ok),
        [],
      );
    }));

  it('says when there is nobody, and asks no further', () =>
    over({}, async (stage) => {
      const checks = await ask(stage, { address: 'http://127.0.0.1:1' });
      assert.equal(checks.length, 1);
      assert.match(checks[0]?.detail ?? '', /ECONNREFUSED/);
    }));
});
