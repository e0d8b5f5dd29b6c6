import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type GroupNow, nextSteps, type Step } from '../../src/core/converge.js';
import type { DesiredState, NodeSeen, ZoneSeen } from '../../src/core/model.js';
import { type PolicyInput, policySchema } from '../../src/core/policy.js';

const T0 = Date.UTC(2026, 0, 5, 3, 0);
const policy = (more: PolicyInput | Record<string, unknown> = {}) =>
  policySchema.parse({ zones: ['a'], slotsPerNode: 4, startupSeconds: 180, ...more });
const desired = (workers: number, more: Partial<DesiredState> = {}): DesiredState => ({
  v: 1,
  fleet: 'ocr',
  decisionId: 'ocr-1',
  at: T0,
  placement: [{ zone: 'a', workers }],
  from: 4,
  status: 'planned',
  note: null,
  actedAt: null,
  ...more,
});
const zone = (more: Partial<ZoneSeen> = {}): ZoneSeen => ({
  zone: 'a',
  up: true,
  desired: 4,
  ready: 4,
  starting: 0,
  draining: 0,
  blocked: null,
  ...more,
});
const node = (name: string, workers: number, more: Partial<NodeSeen> = {}): NodeSeen => ({
  id: `id-${name}`,
  name,
  zone: 'a',
  status: 'ready',
  eligible: true,
  workers,
  drain: null,
  ...more,
});
const group = (...names: string[]): GroupNow => ({ zone: 'a', size: names.length, names, problem: null });
const kinds = (steps: Step[]) => steps.map((step) => step.do);
const blocked = { kind: 'deployment', id: 'd', since: null, detail: 'a deployment is running' } as const;

describe('nextSteps, raising', () => {
  it('grows the node group first, to the whole number of nodes that the workers need', () => {
    const { steps } = nextSteps(desired(9), [zone()], [node('n1', 4)], [group('n1')], policy(), T0);
    assert.deepEqual(steps, [{ do: 'grow', zone: 'a', size: 3 }]);
  });
  it('waits for the nodes before it scales, so that the job is not wedged', () => {
    const { steps } = nextSteps(
      desired(5),
      [zone()],
      [node('n1', 4)],
      [group('n1', 'n2')],
      policy(),
      T0 + 60_000,
    );
    assert.equal(steps[0]?.do === 'wait' && steps[0].for, 'nodes');
  });
  it('scales when the nodes are ready', () => {
    const nodes = [node('n1', 4), node('n2', 0)];
    const { steps } = nextSteps(desired(5), [zone()], nodes, [group('n1', 'n2')], policy(), T0 + 90_000);
    assert.deepEqual(steps, [{ do: 'scale', zone: 'a', workers: 5, raise: true }]);
  });
  it('waits for the last moments of workers that a cut left in the slots, but not for a node that is emptied', () => {
    const nodes = [node('n1', 4), node('n2', 0)];
    const groups = [group('n1', 'n2')];
    const steps = (leaving: number, wants: number, ms = 10_000, seen = nodes) =>
      nextSteps(
        desired(wants, { actedAt: T0 }),
        [zone({ draining: leaving })],
        seen,
        groups,
        policy(),
        T0 + ms,
      ).steps;
    const first = steps(2, 7)[0];
    assert.equal(first?.do === 'wait' && first.for, 'leaving');
    assert.deepEqual(kinds(steps(2, 6)), ['scale'], 'there is room beside them');
    assert.deepEqual(kinds(steps(2, 7, 361_000)), ['scale'], 'they had their time');
    const drain = { done: false, deadlineAt: null, decisionId: 'm' } as unknown as NodeSeen['drain'];
    const emptied = [...nodes, node('n3', 2, { eligible: false, drain })];
    const three = [group('n1', 'n2', 'n3')];
    const { steps: during } = nextSteps(desired(7), [zone({ draining: 2 })], emptied, three, policy(), T0);
    assert.deepEqual(kinds(during), ['scale']);
  });
  it('goes as far as it fits when the nodes do not come in time', () => {
    const late = T0 + 2 * 180_000 + 1;
    const want = desired(5, { actedAt: T0 });
    const { steps } = nextSteps(want, [zone()], [node('n1', 4)], [group('n1', 'n2')], policy(), late);
    assert.deepEqual(kinds(steps), ['scale']);
  });
  it('is patient with nodes that a bot asked for which died before it could say so', () => {
    const found = T0 + 1_500_000;
    const { steps } = nextSteps(desired(5), [zone()], [node('n1', 4)], [group('n1', 'n2')], policy(), found);
    assert.deepEqual(kinds(steps), ['wait']);
  });
  it('gives a cloud that did not answer another minute before it goes as far as it fits', () => {
    const silent: GroupNow = { zone: 'a', size: null, names: [], problem: 'no answer' };
    const at = (ms: number, workers: number, nodes = [node('n1', 4)]) =>
      kinds(nextSteps(desired(workers, { actedAt: T0 }), [zone()], nodes, [silent], policy(), T0 + ms).steps);
    assert.deepEqual(at(0, 9), ['wait']);
    assert.deepEqual(at(60_001, 9), ['scale']);
    assert.deepEqual(
      at(0, 5, [node('n1', 4), node('n2', 0)]),
      ['scale'],
      'what needs no new node needs no cloud',
    );
  });
  it('gives nodes their time from when they were asked for, however old the decision is', () => {
    const steps = (actedAt: number) => {
      const want = desired(5, { actedAt, status: 'applying' });
      const nodes = [node('n1', 4)];
      return nextSteps(want, [zone()], nodes, [group('n1', 'n2')], policy(), T0 + 1_500_000).steps;
    };
    assert.deepEqual(kinds(steps(T0 + 1_400_000)), ['wait']);
    assert.deepEqual(kinds(steps(T0 + 1_000_000)), ['scale']);
  });
  it('goes as far as it fits at once when the cloud says that it cannot deliver', () => {
    const stuck = { ...group('n1', 'n2'), problem: 'quota' };
    const { steps } = nextSteps(desired(5), [zone()], [node('n1', 4)], [stuck], policy(), T0);
    assert.deepEqual(kinds(steps), ['scale']);
  });
  it('does not count a cordoned node as room', () => {
    const nodes = [node('n1', 4), node('n2', 0, { eligible: false })];
    const { steps } = nextSteps(desired(5), [zone()], nodes, [group('n1', 'n2')], policy(), T0);
    assert.deepEqual(steps, [{ do: 'grow', zone: 'a', size: 3 }]);
  });
  it('grows past a node that stays down, once it had a minute to come back', () => {
    const nodes = [node('n1', 4), node('n2', 0, { status: 'down' })];
    const steps = (ms: number, want: number, seen = zone(), groups = [group('n1', 'n2')]) =>
      nextSteps(desired(want, { actedAt: T0 }), [seen], nodes, groups, policy(), T0 + ms).steps;
    assert.deepEqual(kinds(steps(60_000, 8)), ['wait']);
    assert.deepEqual(steps(60_001, 8), [{ do: 'grow', zone: 'a', size: 3 }]);
    const unplaced = zone({ desired: 8, ready: 4, starting: 0 });
    assert.deepEqual(steps(60_001, 8, unplaced), [{ do: 'grow', zone: 'a', size: 3 }], 'what ran on it, too');
    const replaced = [group('n1', 'n3')];
    nodes.push(node('n0', 0, { status: 'down', eligible: false }));
    assert.deepEqual(kinds(steps(60_001, 8, zone(), replaced)), ['wait'], 'its place was taken already');
  });
  it('waits for a running deployment instead of trying and seeing', () => {
    const nodes = [node('n1', 4), node('n2', 0)];
    const { steps } = nextSteps(desired(5), [zone({ blocked })], nodes, [group('n1', 'n2')], policy(), T0);
    assert.deepEqual(kinds(steps), ['wait']);
  });
  it('scales at once where nobody can resize the nodes', () => {
    const fixed: GroupNow = { zone: 'a', size: null, names: [], problem: null };
    const { steps } = nextSteps(desired(9), [zone()], [node('n1', 4)], [fixed], policy(), T0);
    assert.deepEqual(kinds(steps), ['scale']);
  });
  it('is done only when the workers serve', () => {
    const nodes = [node('n1', 4), node('n2', 1)];
    const seen = zone({ desired: 5, ready: 4, starting: 1 });
    assert.deepEqual(kinds(nextSteps(desired(5), [seen], nodes, [group('n1', 'n2')], policy(), T0).steps), [
      'wait',
    ]);
    const there = zone({ desired: 5, ready: 5 });
    assert.equal(nextSteps(desired(5), [there], nodes, [group('n1', 'n2')], policy(), T0).done, true);
  });
});

describe('nextSteps, cutting', () => {
  const nodes = [node('n1', 4), node('n2', 4)];
  it('scales first and removes nothing yet', () => {
    const seen = zone({ desired: 8, ready: 8 });
    const { steps } = nextSteps(desired(4, { from: 8 }), [seen], nodes, [group('n1', 'n2')], policy(), T0);
    assert.deepEqual(steps, [{ do: 'scale', zone: 'a', workers: 4, raise: false }]);
  });
  it('lets workers finish before it touches a node', () => {
    const seen = zone({ desired: 4, ready: 4, draining: 4 });
    const { steps } = nextSteps(desired(4, { from: 8 }), [seen], nodes, [group('n1', 'n2')], policy(), T0);
    assert.equal(steps[0]?.do === 'wait' && steps[0].for, 'leaving');
  });
  it('drains an emptied node, then removes exactly that one', () => {
    const after = [node('n1', 4), node('n2', 0)];
    const first = nextSteps(
      desired(4, { from: 8 }),
      [zone()],
      after,
      [group('n1', 'n2')],
      policy(),
      T0,
    ).steps;
    assert.deepEqual(first, [{ do: 'drain', zone: 'a', node: after[1] }]);
    const drained = [
      node('n1', 4),
      node('n2', 0, { eligible: false, drain: { decisionId: 'ocr-1', done: true } }),
    ];
    const second = nextSteps(
      desired(4, { from: 8 }),
      [zone()],
      drained,
      [group('n1', 'n2')],
      policy(),
      T0,
    ).steps;
    assert.deepEqual(second, [{ do: 'remove', zone: 'a', names: ['n2'] }]);
  });
  it('never takes a node that still holds a worker', () => {
    const scattered = [node('n1', 2), node('n2', 2)];
    const { steps, done } = nextSteps(
      desired(4, { from: 8 }),
      [zone()],
      scattered,
      [group('n1', 'n2')],
      policy(),
      T0,
    );
    assert.deepEqual(steps, []);
    assert.equal(done, true);
  });
  it('is done when the nodes that are left are needed', () => {
    const { done } = nextSteps(
      desired(4, { from: 8 }),
      [zone()],
      [node('n1', 4)],
      [group('n1')],
      policy(),
      T0,
    );
    assert.equal(done, true);
  });
});

describe('nextSteps, zones', () => {
  it('moves each zone on its own', () => {
    const two = policy({ zones: ['a', 'b'] });
    const want = desired(4, {
      placement: [
        { zone: 'a', workers: 2 },
        { zone: 'b', workers: 8 },
      ],
    });
    const zones = [zone(), zone({ zone: 'b' })];
    const nodes = [node('n1', 4), node('m1', 4, { zone: 'b' })];
    const groups = [group('n1'), { ...group('m1'), zone: 'b' }];
    const { steps } = nextSteps(want, zones, nodes, groups, two, T0);
    assert.deepEqual(
      steps.map((step) => [step.zone, step.do]),
      [
        ['a', 'scale'],
        ['b', 'grow'],
      ],
    );
  });
  it('waits for a zone that is down', () => {
    const { steps } = nextSteps(desired(9), [zone({ up: false })], [], [group('n1')], policy(), T0);
    assert.deepEqual(kinds(steps), ['wait']);
  });
  it('gives back what a failed deployment left unplaced, to ask for it anew, but not while anything may still come', () => {
    const nodes = [node('n1', 4), node('n2', 0)];
    const stuck = zone({ desired: 5, ready: 4, starting: 0, abandoned: 1 });
    const at = (ms: number, seen = stuck) =>
      nextSteps(desired(5, { actedAt: T0 }), [seen], nodes, [group('n1', 'n2')], policy(), T0 + ms).steps;
    assert.deepEqual(at(181_000), [{ do: 'scale', zone: 'a', workers: 4, raise: false }]);
    assert.deepEqual(kinds(at(182_000, { ...stuck, desired: 4 })), ['scale']);
    assert.deepEqual(kinds(at(60_000)), ['wait']);
    assert.deepEqual(kinds(at(181_000, { ...stuck, starting: 1 })), ['wait']);
    assert.deepEqual(kinds(at(181_000, { ...stuck, blocked })), ['wait']);
    const { abandoned: _none, ...restarting } = stuck;
    assert.deepEqual(
      kinds(at(181_000, restarting)),
      ['wait'],
      'Nomad starts a failed worker again by itself',
    );
    assert.deepEqual(
      at(181_000, { ...stuck, ready: 3 }),
      [{ do: 'scale', zone: 'a', workers: 4, raise: false }],
      'one failed besides: a count of three would stop a healthy one',
    );
    const scaled = desired(5, { actedAt: T0 + 900_000 });
    const after = (ms: number) =>
      kinds(nextSteps(scaled, [stuck], nodes, [group('n1', 'n2')], policy(), T0 + ms).steps);
    assert.deepEqual(after(910_000), ['wait'], 'a job that was scaled late is given the same time');
    assert.deepEqual(after(1_081_000), ['scale']);
  });
  it('gives back all of a zone whose one deployment placed nothing, but nothing that runs', () => {
    const nodes = [node('n1', 0)];
    const lost = zone({ desired: 4, ready: 0, starting: 0, abandoned: 4 });
    const at = (seen: typeof lost) =>
      nextSteps(desired(4, { actedAt: T0 }), [seen], nodes, [group('n1')], policy(), T0 + 181_000).steps;
    assert.deepEqual(at(lost), [{ do: 'scale', zone: 'a', workers: 0, raise: false }]);
    assert.deepEqual(kinds(at({ ...lost, ready: 1 })), ['wait']);
    assert.deepEqual(kinds(at({ ...lost, starting: 1 })), ['wait']);
  });
  it('asks for whole allocations', () => {
    const whole = policy({ workersPerAllocation: 4 });
    const nodes = [node('n1', 4), node('n2', 0)];
    const { steps } = nextSteps(desired(5), [zone()], nodes, [group('n1', 'n2')], whole, T0);
    assert.deepEqual(steps, [{ do: 'scale', zone: 'a', workers: 8, raise: true }]);
  });
});
