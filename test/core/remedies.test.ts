import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetHealth, Ill } from '../../src/core/health/state.js';
import { markOf } from '../../src/core/maintenance/state.js';
import { type NodeSeen, summarize } from '../../src/core/model.js';
import { findRemedy, fitting, remedies } from '../../src/core/remedies/index.js';
import type { Symptoms } from '../../src/core/remedies/remedy.js';
import { mayRunByItself, type RemedyRun } from '../../src/core/remedies/run.js';
import { canGoBack } from '../../src/core/rollout/ask.js';
import { newRollout, type Pause, type RolloutState } from '../../src/core/rollout/state.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { lightSymptoms } from '../../src/symptoms.js';
import { anOverride } from '../contracts/store-records.js';
import { aFleet, aRecord, aSeen, NOON, someZones } from '../support/fleet.js';
import { ASHA } from '../support/paging.js';

const MINUTE = 60_000;
const seen = (more: Partial<Symptoms> = {}): Symptoms => ({
  fleet: 'ocr',
  now: NOON,
  zones: someZones(),
  nodes: [],
  maintained: [],
  workers: [],
  desired: 4,
  ceiling: 20,
  override: null,
  heldBelow: null,
  freezes: [],
  alertSince: null,
  rollout: null,
  health: null,
  deadLetters: null,
  ...more,
});
const names = (symptoms: Symptoms) => fitting(symptoms).map(({ remedy }) => remedy.name);
const planOf = (name: string, words: string[], symptoms: Symptoms) => findRemedy(name)!.plan(words, symptoms);
const wedged = (minutes: number) =>
  someZones().map((zone, n) =>
    n === 0
      ? {
          ...zone,
          blocked: {
            kind: 'deployment' as const,
            id: 'dep-1',
            since: NOON - minutes * MINUTE,
            detail: 'running',
          },
        }
      : zone,
  );

test('when all is well nothing fits', () => {
  deepEqual(names(seen()), []);
});

test('slow with nobody on the way: raise the floor, take nothing away', () => {
  deepEqual(names(seen({ alertSince: NOON })), ['raise-floor', 'freeze-down']);
  const starting = someZones().map((zone) => ({ ...zone, starting: 1 }));
  deepEqual(names(seen({ alertSince: NOON, zones: starting })), ['freeze-down']);
});

test('a freeze of cuts helps no fleet that an override keeps too small', async () => {
  const store = createMemoryStore({ now: () => NOON });
  const state = await store.fleet('ocr');
  const fitsUnder = async (workers: number) => {
    const override = anOverride('o1', { fleet: 'ocr', kind: 'ceiling', workers, until: NOON + MINUTE });
    const latest = summarize(aRecord({ fleet: 'ocr', seen: aSeen('ocr', { override }) }));
    const light = await lightSymptoms(aFleet('ocr'), NOON, { ...state, override, latest }, null, store);
    return names({ ...light, alertSince: NOON });
  };
  deepEqual(await fitsUnder(1), []);
  deepEqual(await fitsUnder(20), ['freeze-down']);
});

test('a deployment that holds a zone for ten minutes is stuck, but never while a rollout is under way', () => {
  deepEqual(names(seen({ zones: wedged(11) })), ['unwedge']);
  deepEqual(names(seen({ zones: wedged(5) })), []);
  const rollout = { image: 'ocr:2', at: NOON - 20 * MINUTE, open: true, ended: null, canGoBack: true };
  deepEqual(names(seen({ zones: wedged(11), rollout })), []);
  equal(planOf('unwedge', [], seen({ zones: wedged(11), rollout })).kind, 'none');
  const failed = {
    kind: 'plan',
    steps: [{ do: 'fail-deployment', zone: 'a', deployment: 'dep-1' }],
    lines: ['Deployment dep-1, which holds a, is marked as failed.'],
  };
  deepEqual(planOf('unwedge', [], seen({ zones: wedged(11) })), failed);
  const fresh = planOf('unwedge', [], seen({ zones: wedged(1) }));
  match(fresh.kind === 'none' ? fresh.why : '', /does not look stuck.*remedy ocr unwedge a\./);
  deepEqual(planOf('unwedge', ['a'], seen({ zones: wedged(1) })), failed);
});

test('with a stuck deployment no healthy one of another zone is failed', () => {
  const canaries = { healthy: 1, asked: 1 };
  const fresh = {
    kind: 'deployment' as const,
    id: 'dep-2',
    since: NOON - MINUTE,
    detail: 'running',
    canaries,
  };
  const zones = wedged(12).map((zone) => (zone.zone === 'b' ? { ...zone, blocked: fresh } : zone));
  const plan = planOf('unwedge', [], seen({ zones }));
  deepEqual(plan.kind === 'plan' && plan.steps, [{ do: 'fail-deployment', zone: 'a', deployment: 'dep-1' }]);
});

test('a deployment whose canaries are healthy is promoted, not failed; a fresh one by people alone', () => {
  const waiting = (minutes: number, healthy: number) =>
    wedged(minutes).map((zone) =>
      zone.blocked === null
        ? zone
        : { ...zone, blocked: { ...zone.blocked, canaries: { healthy, asked: 2 } } },
    );
  const fits = (zones: Symptoms['zones']) =>
    fitting(seen({ zones })).map(({ remedy, doubtful }) => [remedy.name, doubtful]);
  deepEqual(fits(waiting(11, 2)), [['promote', false]]);
  deepEqual(fits(waiting(5, 2)), [['promote', true]]);
  deepEqual(fits(waiting(11, 1)), [['unwedge', false]]);
  deepEqual(planOf('promote', [], seen({ zones: waiting(1, 2) })), {
    kind: 'plan',
    steps: [{ do: 'promote', zone: 'a', deployment: 'dep-1' }],
    lines: [
      'Deployment dep-1 in a is promoted: its canaries are healthy, and the other workers are replaced.',
    ],
  });
  deepEqual(planOf('promote', [], seen({ zones: waiting(1, 1) })), {
    kind: 'none',
    why: 'Only 1 of 2 canaries in a are healthy: nothing is promoted before all of them are.',
  });
  deepEqual(planOf('promote', ['b'], seen({ zones: waiting(1, 2) })), {
    kind: 'none',
    why: 'No deployment of b waits for promotion.',
  });
  equal(planOf('promote', [], seen({ zones: wedged(11) })).kind, 'none');
});

test('a fleet that became slow after a rollout is rolled back first', () => {
  const rollout = {
    image: 'ocr:2',
    at: NOON - 30 * MINUTE,
    open: false,
    ended: NOON - 20 * MINUTE,
    canGoBack: true,
  };
  equal(names(seen({ alertSince: NOON, rollout }))[0], 'roll-back');
  const before = { ...rollout, at: NOON + MINUTE, ended: null, open: true };
  equal(names(seen({ alertSince: NOON, rollout: before })).includes('roll-back'), false);
});

test('a rollout that was taken back is not rolled back again: what helps then fits first', () => {
  const at = NOON - 30 * MINUTE;
  const fits = (values: Partial<RolloutState>) => {
    const asked = { id: 'r1', fleet: 'ocr', image: 'ocr:2', by: ASHA, at, soakSeconds: 600, batch: 1 };
    const state: RolloutState = { ...newRollout(asked), touched: true, ...values };
    const back = canGoBack(state, NOON);
    const rollout = { image: 'ocr:2', at, open: false, ended: NOON - 20 * MINUTE, canGoBack: back };
    const symptoms = seen({ alertSince: NOON, rollout });
    equal(planOf('roll-back', [], symptoms).kind, back ? 'plan' : 'none');
    return names(symptoms)[0];
  };
  const paused: Pause = { why: 'person', at, by: ASHA };
  deepEqual(
    [fits({ phase: 'done' }), fits({ phase: 'soak' }), fits({ phase: 'rolling-back', paused })],
    ['roll-back', 'roll-back', 'roll-back'],
  );
  for (const phase of ['rolled-back', 'rolling-back', 'aborted'] as const)
    equal(fits({ phase }), 'raise-floor', phase);
  equal(fits({ phase: 'done', touched: false }), 'raise-floor', 'it changed nothing');
});

test('a version of somebody else that does not get healthy is rolled back, not failed; a rollout under way has the say', () => {
  const bad = { version: 7, image: 'ocr:7', before: { version: 5, image: 'ocr:5' } };
  const zones = wedged(11).map((zone, n) => (n === 0 ? { ...zone, bad } : zone));
  const [fit, ...others] = fitting(seen({ zones }));
  deepEqual(
    [fit?.remedy.name, fit?.words, fit?.why, others.length],
    ['roll-back', ['a:5'], 'version 7 (ocr:7) does not get healthy in a', 0],
  );
  const steps = (words: string[], symptoms: Partial<Symptoms>) => {
    const plan = planOf('roll-back', words, seen(symptoms));
    return plan.kind === 'plan' ? plan.steps : plan.why;
  };
  const back = { do: 'revert', zone: 'a', from: 7, to: 5 };
  deepEqual(steps([], { zones }), [back]);
  deepEqual(steps(['a:5'], { zones }), [back]);
  deepEqual(steps(['a:3,b:4'], { zones }), [
    { ...back, to: 3 },
    { do: 'revert', zone: 'b', from: null, to: 4 },
  ]);
  const rollout = { image: 'ocr:8', at: NOON - 20 * MINUTE, open: true, ended: null, canGoBack: true };
  equal(names(seen({ zones, rollout })).includes('roll-back'), false);
  deepEqual(steps([], { zones, rollout }), [{ do: 'say', text: 'deploy rollback ocr' }]);
  equal(
    steps(['a:5'], { zones, rollout }),
    'A rollout is under way: deploy rollback ocr takes the fleet back.',
  );
  match(String(steps(['c:5'], { zones })), /“c:5” is no zone and version of ocr: say a:3 or b:3/);
  match(String(steps([], {})), /no version of its jobs is known to be bad/);
});

test('the floor is raised by a quarter within the ceiling, for an hour, as a command', () => {
  const plan = planOf('raise-floor', [], seen({ desired: 10 }));
  deepEqual(plan.kind === 'plan' && plan.steps, [
    { do: 'say', text: 'override ocr floor 13 for 1h because remedy raise-floor' },
  ]);
  equal(planOf('raise-floor', ['21'], seen()).kind, 'none');
  equal(planOf('raise-floor', [], seen({ desired: null })).kind, 'none');
});

test('a worker is named by the start of its id; one that fits two is asked for again', () => {
  const workers = ['aaaa1111-x', 'aaaa2222-y'].map((id) => ({
    id,
    zone: 'a',
    nodeId: 'n',
    state: 'ready' as const,
    workers: 1,
  }));
  const none = planOf('recycle-worker', [], seen({ workers }));
  match(none.kind === 'none' ? none.why : '', /Which worker.*aaaa1111/);
  equal(planOf('recycle-worker', ['aaaa'], seen({ workers })).kind, 'none');
  const plan = planOf('recycle-worker', ['aaaa1'], seen({ workers }));
  deepEqual(plan.kind === 'plan' && plan.steps, [{ do: 'stop-worker', worker: 'aaaa1111-x', zone: 'a' }]);
});

test('never two nodes of a fleet at once', () => {
  const node = (name: string, drain: { decisionId: string; done: boolean } | null) => ({
    id: name,
    name,
    zone: 'a',
    status: 'ready' as const,
    eligible: drain === null,
    workers: 2,
    drain,
  });
  const busy = seen({ nodes: [node('n1', null), node('n2', { decisionId: 'd', done: false })] });
  equal(planOf('recycle-node', ['n1'], busy).kind, 'none');
  const free = planOf('recycle-node', ['n1'], seen({ nodes: [node('n1', null)] }));
  deepEqual(free.kind === 'plan' && free.steps.map((step) => step.do), ['drain-node', 'return-node']);
});

test('a node under maintenance is not recycled: it would take work again just before it is stopped', () => {
  const node = (drain: NodeSeen['drain']): NodeSeen => ({
    ...{ id: 'n1', name: 'gpu-1', zone: 'a', status: 'ready', eligible: false, workers: 0, drain },
  });
  const drained = seen({ nodes: [node({ decisionId: markOf('m1'), done: true })] });
  const fenced = seen({ nodes: [node(null)], maintained: ['n1'] });
  for (const symptoms of [drained, fenced]) {
    const plan = planOf('recycle-node', ['gpu-1'], symptoms);
    match(plan.kind === 'none' ? plan.why : '', /gpu-1 is under maintenance/);
  }
});

test('dead letters go back a hundred at the most', () => {
  deepEqual(names(seen({ deadLetters: 5 })), ['requeue']);
  const plan = planOf('requeue', [], seen({ deadLetters: 500 }));
  deepEqual(plan.kind === 'plan' && plan.steps, [{ do: 'requeue', most: 100 }]);
  equal(planOf('requeue', ['101'], seen({ deadLetters: 500 })).kind, 'none');
  equal(planOf('requeue', [], seen({ deadLetters: 0 })).kind, 'none');
});

test('by itself: at most so many an hour, and none twice', () => {
  const run = (name: string, minutesAgo: number, auto = true) =>
    ({ name, auto, at: NOON - minutesAgo * MINUTE, status: 'done', steps: [] }) as unknown as RemedyRun;
  const floor = { name: 'raise-floor', words: [] };
  equal(mayRunByItself(floor, [], 1, NOON), true);
  equal(mayRunByItself(floor, [run('unwedge', 30)], 1, NOON), false);
  equal(mayRunByItself(floor, [run('unwedge', 61)], 1, NOON), true);
  equal(mayRunByItself(floor, [run('unwedge', 5, false)], 1, NOON), true);
  equal(mayRunByItself(floor, [run('raise-floor', 30)], 5, NOON), false);
  const recycled: RemedyRun = {
    ...run('recycle-worker', 30),
    steps: [{ do: 'stop-worker', worker: 'aaaa1111-x', zone: 'a' }],
  };
  const recycle = (worker: string) => ({ name: 'recycle-worker', words: [worker] });
  equal(mayRunByItself(recycle('aaaa1111'), [recycled], 5, NOON), false, 'the same worker again');
  equal(mayRunByItself(recycle('bbbb2222'), [recycled], 5, NOON), true, 'another worker');
  equal(mayRunByItself(recycle('bbbb2222'), [recycled], 1, NOON), false, 'one an hour');
  const reverted: RemedyRun = {
    ...run('roll-back', 30),
    steps: [{ do: 'revert', zone: 'a', from: 7, to: 5 }],
  };
  const backTo = (words: string) =>
    mayRunByItself({ name: 'roll-back', words: [words] }, [reverted], 5, NOON);
  deepEqual([backTo('a:5,b:5'), backTo('b:5')], [false, true]);
  const underWay: RemedyRun = { ...recycled, auto: false, status: 'running' };
  equal(mayRunByItself(recycle('bbbb2222'), [underWay], 5, NOON), false, 'one after the other');
});

test('who is ill for long is recycled: a worker, or the node on which nobody serves', () => {
  const workers = ['w1', 'w2', 'w3', 'w4'].map((id, n) => ({
    ...{ id, zone: 'a', nodeId: n < 2 ? 'n1' : 'n2', state: 'ready' as const, workers: 1 },
  }));
  const ill = (worker: string, illness: Ill['illness'], confirmed = true): Ill => ({
    ...{ worker, zone: 'a', slot: 0, illness, confirmed, since: NOON - 10 * MINUTE },
    ...{
      nodeId: workers.find(({ id }) => id === worker)?.nodeId ?? 'n9',
      heardAt: NOON,
      lastSuccessAt: null,
    },
  });
  const health = (some: Ill[], more: Partial<FleetHealth> = {}): FleetHealth => ({
    ...{ v: 1, at: NOON, asked: 4, answered: 4, ill: some, degraded: [], stalled: null, ...more },
  });
  const fits = (some: Ill[], more: Partial<Symptoms> = {}) =>
    fitting(seen({ workers, health: health(some), ...more })).map(({ remedy, words }) => [
      remedy.name,
      ...words,
    ]);
  deepEqual(fits([ill('w1', 'stuck')]), [['recycle-worker', 'w1']]);
  deepEqual(fits([ill('w1', 'stuck', false)]), [], 'it may be over in a moment');
  deepEqual(fits([ill('w1', 'waits')]), [], 'the cause may be a common one');
  deepEqual(fits([ill('w9', 'stuck')]), [], 'it is gone already');
  deepEqual(fits([ill('w1', 'device'), ill('w2', 'stuck')]), [['recycle-node', 'n1']]);
  deepEqual(fits([ill('w1', 'device'), ill('w2', 'device'), ill('w3', 'stuck')]), [
    ['recycle-node', 'n1'],
    ['recycle-worker', 'w3'],
  ]);
  const open = { image: 'i', at: NOON, open: true, ended: null, canGoBack: true };
  const doubtful = (some: Ill[], more: Partial<Symptoms> = {}) =>
    fitting(seen({ workers, health: health(some), ...more })).map((fit) => fit.doubtful);
  deepEqual(doubtful([ill('w1', 'stuck')]), [false]);
  deepEqual(doubtful([ill('w1', 'silent')]), [true], 'it may serve');
  deepEqual(doubtful([ill('w1', 'stuck')], { rollout: open }), [true], 'a rollout has its own way back');
  const before = { version: 1, image: 'ocr:1' };
  const zones = someZones().map((zone) => ({ ...zone, bad: { version: 2, image: 'ocr:2', before } }));
  const [first] = fitting(seen({ workers, health: health([ill('w1', 'stuck')]), zones })).filter(
    ({ remedy }) => remedy.name === 'recycle-worker',
  );
  equal(first?.doubtful, true, 'the next one may come up with what does not get healthy');
  const stalled = { since: NOON, busy: 3, finishing: 0 };
  const common = seen({ workers, health: health([ill('w1', 'device')], { stalled }) });
  deepEqual(names(common), [], 'nobody is recycled for a common cause');
  const plan = planOf('recycle-worker', [], seen({ workers, health: health([ill('w3', 'stuck')]) }));
  deepEqual(plan.kind === 'plan' && plan.steps, [{ do: 'stop-worker', worker: 'w3', zone: 'a' }]);
});

test('every remedy has its own name, a button that fits and a word on what it touches', () => {
  equal(new Set(remedies.map(({ name }) => name)).size, remedies.length);
  for (const { label, blast, summary } of remedies) {
    equal(label.length <= 75 && blast.length > 5 && summary.endsWith('.'), true, label);
  }
});
