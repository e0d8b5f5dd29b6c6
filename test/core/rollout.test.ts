import { deepEqual, equal, ok } from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Freeze, NodeSeen, Person, ZoneSeen } from '../../src/core/model.js';
import { askRollout } from '../../src/core/rollout/ask.js';
import type { WorkerImage } from '../../src/core/rollout/images.js';
import { headroom } from '../../src/core/rollout/look.js';
import {
  newRollout,
  type Phase,
  type RolloutSeen,
  type RolloutState,
  type RolloutStep,
} from '../../src/core/rollout/state.js';
import { stepRollout } from '../../src/core/rollout/step.js';
import { rolloutMessage } from '../../src/core/views/rollout.js';
import { aPolicy, aSample, NOON } from '../support/fleet.js';

const [OLD, NEW] = ['registry.example/ocr:1', 'registry.example/ocr:2'];
const MINUTE = 60_000;
const policy = aPolicy();
const asha: Person = { id: 'slack:U0ASHA', name: 'Asha Rao' };

const aRollout = (more: Partial<RolloutState> = {}): RolloutState => ({
  ...newRollout({ id: 'r-1', fleet: 'ocr', image: NEW, by: asha, at: NOON, soakSeconds: 600, batch: 1 }),
  from: OLD,
  ...more,
});
const golden = { node: 'a1', name: 'vm-a1', zone: 'a' };
const dark = { missing: [{ what: 'demand' as const, peer: 'rabbitmq', why: 'timeout' as const }] };

/** Two nodes a zone; 'oo' are two old ready workers, 'n' a new one, 'N' a new one that starts, 'x' one that failed, 'z' an old one that did. */
function world(
  nodes: Record<string, string>,
  more: Partial<RolloutSeen> = {},
  held: string[] = [],
): RolloutSeen {
  const workers = Object.entries(nodes).flatMap(([node, all]) =>
    [...all].map(
      (kind, at): WorkerImage => ({
        id: `${node}-${at}`,
        zone: node[0] ?? '',
        node,
        workers: 1,
        image: 'oz'.includes(kind) ? OLD : NEW,
        state: kind === 'N' ? 'starting' : 'xz'.includes(kind) ? 'failed' : 'ready',
      }),
    ),
  );
  const zones = ['a', 'b'].map((zone): ZoneSeen => {
    const here = workers.filter((one) => one.zone === zone);
    const ready = here.filter((one) => one.state === 'ready').length;
    const blocked = held.includes(zone)
      ? { kind: 'rollout' as const, id: 'd', since: null, detail: 'held' }
      : null;
    return {
      zone,
      up: true,
      desired: here.length,
      ready,
      starting: here.length - ready,
      draining: 0,
      blocked,
    };
  });
  return {
    nodes: Object.keys(nodes).map(
      (id): NodeSeen => ({
        ...{ id, name: `vm-${id}`, zone: id[0] ?? '', status: 'ready', eligible: true, drain: null },
        workers: nodes[id]?.length ?? 0,
      }),
    ),
    zones,
    images: {
      zones: ['a', 'b'].map((zone) => ({
        zone,
        image: held.includes(zone) ? NEW : OLD,
        held: held.includes(zone),
      })),
      workers,
    },
    prepulled: Object.keys(nodes).map((node) => ({
      ...{ zone: node[0] ?? '', node, state: 'present', detail: null },
    })),
    lastHealthy: null,
    recent: [aSample(NOON)],
    missing: [],
    need: 4,
    valleyAt: null,
    freezes: [],
    applying: false,
    log: null,
    ...more,
  };
}

const pulls = (node: string, state: 'pulling' | 'present' | 'failed') => ({
  ...{ zone: node[0] ?? '', node, state, detail: null },
});

/** Zone b is asked for one more worker than there are. */
const oneMissing = (seen: RolloutSeen): RolloutSeen => ({
  ...seen,
  zones: seen.zones.map((zone) => (zone.zone === 'b' ? { ...zone, desired: zone.desired + 1 } : zone)),
});

const calm = { a1: 'oo', a2: 'oo', b1: 'oo', b2: 'oo' };
const step = (state: RolloutState, seen: RolloutSeen, now = NOON + MINUTE): RolloutStep =>
  stepRollout(state, seen, now, policy);
const codes = ({ reasons }: RolloutStep) => reasons.map((reason) => reason.code);
const updates = ({ actions }: RolloutStep) =>
  actions.flatMap((action) =>
    action.do === 'update'
      ? [
          `${action.node} ${action.image} ${action.most}${action.workers === undefined ? '' : ` (${action.workers.join(' ')})`}`,
        ]
      : [],
  );

describe('a rollout, phase by phase', () => {
  const rows: [string, RolloutState, RolloutSeen, { phase: Phase; updates?: string[]; codes?: string[] }][] =
    [
      ['plans, asks for the pull and the surge', aRollout(), world(calm), { phase: 'pre-pull' }],
      [
        'has nothing to do when every worker runs the image',
        aRollout(),
        world({ a1: 'nn', b1: 'nn' }, {}, ['a', 'b']),
        { phase: 'done', codes: ['nothing-to-do'] },
      ],
      [
        'waits until every node holds the image',
        aRollout({ phase: 'pre-pull', surge: 2 }),
        world(calm, { prepulled: [], need: 4 }),
        { phase: 'pre-pull', codes: ['waits-for-pull'] },
      ],
      ['then takes the golden node', aRollout({ phase: 'pre-pull' }), world(calm), { phase: 'golden' }],
      [
        'updates the golden node only',
        aRollout({ phase: 'golden' }),
        world(calm),
        { phase: 'golden', updates: [`a1 ${NEW} 2`] },
      ],
      [
        'takes one worker at a time when there is room for one',
        aRollout({ phase: 'golden' }),
        world(calm, { need: 7 }),
        { phase: 'golden', updates: [`a1 ${NEW} 1`] },
      ],
      [
        'waits for room when every worker is needed, and says until when',
        aRollout({ phase: 'golden', surge: 2 }),
        world(calm, { need: 8, valleyAt: NOON + 60 * MINUTE }),
        { phase: 'golden', updates: [], codes: ['waits-for-capacity'] },
      ],
      [
        'waits for the scaler before the first touch',
        aRollout({ phase: 'golden' }),
        world(calm, { applying: true }),
        { phase: 'golden', updates: [], codes: ['waits-for-scaling'] },
      ],
      [
        'does not soak before the golden node is healthy',
        aRollout({ phase: 'golden', golden, touched: true, current: ['a1'], currentSince: NOON }),
        world({ ...calm, a1: 'nN' }, {}, ['a']),
        { phase: 'golden', updates: [], codes: ['waits-for-workers'] },
      ],
      [
        'follows the orchestrator when it began on another node, and leaves the chosen one alone',
        aRollout({ phase: 'golden', golden: { ...golden, workers: 2 }, touched: true }),
        world({ ...calm, a2: 'oN' }, {}, ['a']),
        { phase: 'golden', updates: [`a2 ${NEW} 1`] },
      ],
      [
        'stays on its golden node when what was stopped there came up elsewhere',
        aRollout({ phase: 'golden', golden: { ...golden, workers: 2 }, touched: true }),
        world({ ...calm, a1: 'o', a2: 'oon' }, {}, ['a']),
        { phase: 'golden', updates: [`a1 ${NEW} 1`] },
      ],
      [
        'replaces what serves nobody without room: a broken fleet gets what mends it',
        aRollout({ phase: 'golden', surge: 2 }),
        world({ a1: 'zz', b1: 'zz' }, { need: 4 }),
        { phase: 'golden', updates: [`a1 ${NEW} 2 (a1-0 a1-1)`] },
      ],
      [
        'does so not where the orchestrator would begin with one that serves',
        aRollout({ phase: 'golden', surge: 2 }),
        world({ a1: 'oz', b1: 'o' }, { need: 4 }),
        { phase: 'golden', updates: [], codes: ['waits-for-capacity'] },
      ],
      [
        'waits for a node that joined and still pulls the image',
        aRollout({ phase: 'rest', golden, touched: true, lastZone: 'b' }),
        world({ a1: 'nn', a2: 'oo', b1: 'nn', b2: 'oo' }, { prepulled: [pulls('a3', 'pulling')] }, ['a']),
        { phase: 'rest', updates: [], codes: ['waits-for-pull'] },
      ],
      [
        'soaks though a worker of the other zone is missing',
        aRollout({
          phase: 'golden',
          golden,
          touched: true,
          current: ['a1'],
          currentSince: NOON - 60 * MINUTE,
        }),
        oneMissing(world({ ...calm, a1: 'nn' }, {}, ['a'])),
        { phase: 'soak' },
      ],
      [
        'soaks then',
        aRollout({ phase: 'golden', golden, touched: true, current: ['a1'], currentSince: NOON }),
        world({ ...calm, a1: 'nn' }, {}, ['a']),
        { phase: 'soak' },
      ],
      [
        'touches nobody while it soaks',
        aRollout({ phase: 'soak', golden, touched: true, phaseAt: NOON }),
        world({ ...calm, a1: 'nn' }, {}, ['a']),
        { phase: 'soak', updates: [], codes: ['soaking'] },
      ],
      [
        'goes on in the other zone',
        aRollout({ phase: 'rest', golden, touched: true, lastZone: 'a' }),
        world({ ...calm, a1: 'nn' }, {}, ['a']),
        { phase: 'rest', updates: [`b1 ${NEW} 2`] },
      ],
      [
        'takes no second node before the first one serves',
        aRollout({
          phase: 'rest',
          golden,
          touched: true,
          lastZone: 'b',
          current: ['b1'],
          currentSince: NOON,
        }),
        world({ ...calm, a1: 'nn', b1: 'nN' }, {}, ['a', 'b']),
        { phase: 'rest', updates: [], codes: ['waits-for-workers'] },
      ],
      [
        'takes as many nodes at once as it was told, as far as there is room',
        aRollout({ phase: 'rest', golden, touched: true, lastZone: 'a', batch: 2 }),
        world({ ...calm, a1: 'nn' }, { need: 5 }, ['a']),
        { phase: 'rest', updates: [`b1 ${NEW} 2`, `a2 ${NEW} 1`] },
      ],
      [
        'lets go of the zones at the end',
        aRollout({ phase: 'verify', golden, touched: true }),
        world({ a1: 'nn', b1: 'nn' }, {}, ['a', 'b']),
        { phase: 'verify' },
      ],
      [
        'goes back by itself when the golden node is bad',
        aRollout({ phase: 'golden', golden, touched: true, current: ['a1'], currentSince: NOON }),
        world({ ...calm, a1: 'xN' }, {}, ['a']),
        { phase: 'rolling-back' },
      ],
      [
        'goes back when the golden node is not ready in time',
        aRollout({
          phase: 'golden',
          golden,
          touched: true,
          current: ['a1'],
          currentSince: NOON - 60 * MINUTE,
        }),
        world({ ...calm, a1: 'NN' }, {}, ['a']),
        { phase: 'rolling-back' },
      ],
      [
        'takes what serves nobody back at once',
        aRollout({ phase: 'rolling-back', golden, touched: true, phaseAt: NOON }),
        world({ ...calm, a1: 'xx' }, { need: 99 }, ['a']),
        { phase: 'rolling-back', updates: [`a1 ${OLD} 2 (a1-0 a1-1)`] },
      ],
      [
        'takes back the failed one by its id, and leaves those beside it that serve while they are needed',
        aRollout({ phase: 'rolling-back', golden, touched: true, phaseAt: NOON }),
        world({ ...calm, a1: 'nnx' }, { need: 8 }, ['a']),
        { phase: 'rolling-back', updates: [`a1 ${OLD} 1 (a1-2)`] },
      ],
      [
        'takes back what fails and, as far as there is room, what serves',
        aRollout({ phase: 'rolling-back', golden, touched: true, phaseAt: NOON }),
        world({ ...calm, a1: 'nnx' }, { need: 7 }, ['a']),
        { phase: 'rolling-back', updates: [`a1 ${OLD} 1 (a1-2)`, `a1 ${OLD} 1 (a1-0 a1-1)`] },
      ],
      [
        'asks for room when a finished rollout is taken back without need',
        aRollout({ phase: 'rolling-back', golden, touched: true, phaseAt: NOON - 10 * MINUTE, surge: 0 }),
        world({ a1: 'nn', a2: 'nn', b1: 'nn', b2: 'nn' }, { need: 8 }, ['a', 'b']),
        { phase: 'rolling-back', updates: [], codes: ['waits-for-capacity'] },
      ],
      [
        'takes what serves back only as the need allows',
        aRollout({ phase: 'rolling-back', golden, touched: true, phaseAt: NOON }),
        world({ ...calm, a1: 'nn' }, { need: 8 }, ['a']),
        { phase: 'rolling-back', updates: [], codes: ['waits-for-capacity'] },
      ],
      [
        'takes nothing that serves back while the demand is not known, whatever was foreseen',
        aRollout({ phase: 'rolling-back', golden, touched: true, phaseAt: NOON }),
        world({ ...calm, a1: 'nn' }, dark, ['a']),
        { phase: 'rolling-back', updates: [], codes: ['waits-for-capacity'] },
      ],
      [
        'takes one at a time back when the demand stays unknown',
        aRollout({ phase: 'rolling-back', golden, touched: true, phaseAt: NOON - 60 * MINUTE }),
        world({ ...calm, a1: 'nn' }, dark, ['a']),
        { phase: 'rolling-back', updates: [`a1 ${OLD} 1 (a1-0 a1-1)`] },
      ],
      [
        'takes what serves nobody back at once, in the dark, too',
        aRollout({ phase: 'rolling-back', golden, touched: true, phaseAt: NOON }),
        world({ ...calm, a1: 'xx' }, dark, ['a']),
        { phase: 'rolling-back', updates: [`a1 ${OLD} 2 (a1-0 a1-1)`] },
      ],
      [
        'chooses another golden node when the first one is lost before the soak is over',
        aRollout({ phase: 'soak', golden, touched: true, phaseAt: NOON - 60 * MINUTE }),
        world({ b1: 'oo', b2: 'oo' }, {}, ['a']),
        { phase: 'golden', updates: [] },
      ],
      [
        'soaks anew when the golden node’s workers start again',
        aRollout({ phase: 'soak', golden, touched: true, phaseAt: NOON - 60 * MINUTE }),
        world({ ...calm, a1: 'NN' }, {}, ['a']),
        { phase: 'soak', codes: ['waits-for-workers'] },
      ],
      [
        'tries no image where nobody is left to try it on',
        aRollout({ phase: 'golden', surge: 2 }),
        world({}, { zones: world(calm).zones }),
        { phase: 'golden', updates: [], codes: ['waits-for-workers'] },
      ],
      [
        'sets the image of a fleet that is asked for no worker and needs none',
        aRollout({ phase: 'golden', surge: 2 }),
        world({}, { need: 0 }),
        { phase: 'verify' },
      ],
      [
        'on the way back waits a while for a worker that is missing',
        aRollout({ phase: 'rolling-back', golden, touched: true, phaseAt: NOON }),
        oneMissing(world({ ...calm, a1: 'nn' }, { need: 4 }, ['a'])),
        { phase: 'rolling-back', updates: [], codes: ['waits-for-workers'] },
      ],
      [
        'on the way back does not wait for ever for a worker that has no room',
        aRollout({ phase: 'rolling-back', golden, touched: true, phaseAt: NOON - 60 * MINUTE }),
        oneMissing(world({ ...calm, a1: 'nn' }, { need: 4 }, ['a'])),
        { phase: 'rolling-back', updates: [`a1 ${OLD} 4 (a1-0 a1-1)`] },
      ],
    ];
  for (const [title, state, seen, wanted] of rows)
    test(title, () => {
      const made = step(state, seen);
      equal(made.state.phase, wanted.phase, JSON.stringify(made.reasons));
      if (wanted.updates !== undefined) deepEqual(updates(made), wanted.updates);
      if (wanted.codes !== undefined) deepEqual(codes(made), wanted.codes);
    });
});

describe('what stops a rollout', () => {
  const freeze: Freeze = {
    ...{
      v: 1,
      id: 'f',
      fleet: '*',
      kind: 'all',
      by: asha,
      reason: 'we look',
      at: NOON,
      until: NOON + 9 * MINUTE,
    },
  };
  const late = [1, 2, 3].map((minute) => aSample(NOON + minute, { p95Seconds: 9 }));
  const soaking = aRollout({ phase: 'soak', golden, touched: true, phaseAt: NOON });
  const seen = (more: Partial<RolloutSeen>) => world({ ...calm, a1: 'nn' }, more, ['a']);

  const causes: [string, Partial<RolloutSeen>, string][] = [
    ['a freeze', { freezes: [freeze] }, 'freeze'],
    ['a breach of the objective', { recent: late }, 'slo-breach'],
    ['numbers that are missing', dark, 'metrics-missing'],
    ['a need that is not known', { need: null }, 'metrics-missing'],
  ];
  const resumed = (paused: RolloutState['paused'], more: Partial<RolloutState> = {}): RolloutState => {
    const asked = askRollout({ ...soaking, soakSeconds: 300, ...more, paused }, 'resume', asha, NOON);
    ok('state' in asked);
    return asked.state;
  };
  const pausedBy = { why: 'person' as const, at: NOON, by: asha };
  const pausedSlow = { why: 'slo-breach' as const, at: NOON, p95Seconds: 9, objectiveSeconds: 3 };

  test('whoever ends a pause of their own has not seen the breach that comes after it', () => {
    equal(step(resumed(pausedBy), seen({ recent: late })).state.paused?.why, 'slo-breach');
    const failed = world({ ...calm, a1: 'nx' }, {}, ['a']);
    equal(step(resumed(pausedBy), failed).state.phase, 'rolling-back');
  });

  test('a breach that somebody went on in spite of is not held against it, but the soak lasts until it is watched again', () => {
    const tolerant = resumed(pausedSlow);
    const soon = step(tolerant, seen({ recent: late }), NOON + 6 * MINUTE);
    deepEqual([soon.state.phase, soon.state.paused], ['soak', null]);
    equal(step(tolerant, seen({ recent: late }), NOON + 11 * MINUTE).state.paused?.why, 'slo-breach');
    const failed = world({ ...calm, a1: 'nx' }, { recent: late }, ['a']);
    equal(step(tolerant, failed).state.phase, 'rolling-back', 'a worker that fails is another matter');
  });

  test('a pull that failed is begun anew when somebody goes on', () => {
    const failed = { why: 'pull-failed' as const, at: NOON, nodes: ['vm-a1'], detail: null };
    const again = resumed(failed, { phase: 'pre-pull', touched: false });
    const broken = world(calm, { prepulled: [pulls('a1', 'failed')] });
    const first = step(again, broken);
    deepEqual(
      first.actions.map(({ do: what }) => what),
      ['end-pre-pull', 'pre-pull'],
    );
    equal(first.state.paused, null);
    equal(step(first.state, broken).state.paused?.why, 'pull-failed', 'it is asked for once');
  });

  test('a pull that takes too long names the nodes that lack the image', () => {
    const slow = world(calm, { prepulled: ['a1', 'a2', 'b1'].map((node) => pulls(node, 'present')) });
    const made = step(aRollout({ phase: 'pre-pull', phaseAt: NOON - 60 * MINUTE }), slow);
    ok(made.state.paused?.why === 'pull-failed');
    deepEqual(made.state.paused.nodes, ['vm-b2']);
  });

  test('where nobody is ready the way back is what was healthy once, not what is set', () => {
    const broken = world({ a1: 'zz', b1: 'zz' }, { lastHealthy: 'registry.example/ocr:0' });
    equal(step(aRollout(), broken).state.from, 'registry.example/ocr:0');
  });

  for (const [title, more, why] of causes)
    test(`${title} pauses it`, () => {
      const made = step(soaking, seen(more));
      equal(made.state.paused?.why, why);
      deepEqual(made.actions, []);
    });
  test('a freeze of cuts alone does not', () =>
    equal(step(soaking, seen({ freezes: [{ ...freeze, kind: 'down' }] })).state.paused, null));
  test('the soak begins anew after a pause that ended by itself', () => {
    const paused = step(soaking, seen(dark)).state;
    const again = step(paused, seen({}), NOON + 5 * MINUTE).state;
    deepEqual([again.paused, again.phaseAt], [null, NOON + 5 * MINUTE]);
  });
  test('a breach waits for a person, whose resume is believed for a while', () => {
    const paused = step(soaking, seen({ recent: late })).state;
    equal(step(paused, seen({})).state.paused?.why, 'slo-breach');
    const resumed = askRollout(paused, 'resume', asha, NOON + 2 * MINUTE);
    ok('state' in resumed);
    equal(step(resumed.state, seen({ recent: late }), NOON + 3 * MINUTE).state.paused, null);
    equal(step(resumed.state, seen({ recent: late }), NOON + 13 * MINUTE).state.paused?.why, 'slo-breach');
  });
  test('unhealthy workers after the golden node pause it, with their last words', () => {
    const resting = aRollout({ phase: 'rest', golden, touched: true, current: ['b1'], currentSince: NOON });
    const made = step(resting, world({ ...calm, a1: 'nn', b1: 'nx' }, { log: 'no such device' }, ['a', 'b']));
    equal(made.state.paused?.why, 'workers-unhealthy');
    deepEqual(made.state.failure, {
      why: 'new workers that are not healthy: 1',
      node: 'vm-b1',
      log: 'no such device',
    });
    ok(rolloutMessage(made.state).parts.some((part) => part.kind === 'code' && /device/.test(part.text)));
  });
  test('an abort before the first touch ends it, and after it goes back', () => {
    const early = askRollout(aRollout({ phase: 'plan' }), 'abort', asha, NOON);
    equal('state' in early && early.state.phase, 'aborted');
    const later = askRollout(soaking, 'abort', asha, NOON);
    equal('state' in later && later.state.phase, 'rolling-back');
    ok('refused' in askRollout(aRollout({ phase: 'rolled-back' }), 'rollback', asha, NOON));
  });
});

describe('whatever is seen', () => {
  const node = fc.string({ unit: fc.constantFrom('o', 'n', 'N', 'x'), maxLength: 4 });
  const phases: Phase[] = ['plan', 'pre-pull', 'golden', 'soak', 'rest', 'verify', 'rolling-back'];
  const anything = fc.record({
    nodes: fc.record({ a1: node, a2: node, b1: node, b2: node }),
    need: fc.option(fc.integer({ min: 0, max: 16 })),
    phase: fc.constantFrom(...phases),
    batch: fc.integer({ min: 1, max: 3 }),
    held: fc.subarray(['a', 'b']),
    touched: fc.boolean(),
    paused: fc.boolean(),
    minutes: fc.integer({ min: 0, max: 60 }),
  });
  const make = (given: typeof anything extends fc.Arbitrary<infer T> ? T : never) => {
    const { phase, batch, touched, paused } = given;
    const isGolden = touched && phase !== 'plan' && phase !== 'pre-pull';
    const state = aRollout({
      ...{ phase, batch, touched, golden: isGolden ? golden : null },
      paused: paused ? { why: 'person', at: NOON, by: asha } : null,
    });
    const seen = world(given.nodes, { need: given.need }, given.held);
    return { state, seen, made: step(state, seen, NOON + given.minutes * MINUTE) };
  };

  test('it never takes more out of service than the need leaves, but for what serves nobody or a rollback that waited', () => {
    fc.assert(
      fc.property(anything, (given) => {
        const { state, seen, made } = make(given);
        if (state.phase === 'rolling-back' || made.state.phase === 'rolling-back') return;
        const taken = made.actions.reduce((sum, one) => sum + (one.do === 'update' ? one.most : 0), 0);
        ok(taken <= headroom(seen));
      }),
      { seed: 1 },
    );
  });
  test('before the golden node is healthy no other node is touched, and while it is paused nothing is done', () => {
    fc.assert(
      fc.property(anything, (given) => {
        const { state, made } = make(given);
        const nodes = new Set(
          made.actions.flatMap((one) => (one.do === 'update' && one.node !== '' ? [one.node] : [])),
        );
        if (
          ['plan', 'pre-pull', 'golden', 'soak'].includes(state.phase) &&
          made.state.phase !== 'rolling-back'
        )
          ok([...nodes].every((id) => id === made.state.golden?.node));
        if (made.state.paused !== null) deepEqual(made.actions, []);
        ok(nodes.size <= given.batch || made.state.phase === 'rolling-back');
      }),
      { seed: 1 },
    );
  });
  test('a step made again from what was stored is the same step', () => {
    fc.assert(
      fc.property(anything, (given) => {
        const { state, seen, made } = make(given);
        const stored = JSON.parse(JSON.stringify(state)) as RolloutState;
        deepEqual(step(stored, seen, NOON + given.minutes * MINUTE), made);
        ok(rolloutMessage(made.state).summary.length < 400);
      }),
      { seed: 1 },
    );
  });
});

describe('a held zone that lacks a worker', () => {
  const short = world({ a1: 'nn', a2: 'o', b1: 'oo', b2: 'oo' }, {}, ['a']);
  const [a, b] = short.zones;
  const seen = {
    ...short,
    zones: [
      { ...a!, desired: 4 },
      { ...b!, desired: 5 },
    ],
  };
  const refills = ({ actions }: RolloutStep) =>
    actions.flatMap((action) => (action.do === 'refill' ? [action.zone] : []));
  const state = aRollout({ phase: 'rest', touched: true, golden });

  test("gets it asked for anew, once a minute, while it is paused, too; other zones are the scaler's", () => {
    const first = step(state, seen);
    deepEqual(refills(first), ['a']);
    deepEqual(refills(step(first.state, seen, NOON + MINUTE + 10_000)), []);
    deepEqual(refills(step(first.state, seen, NOON + 2 * MINUTE)), ['a']);
    const paused = aRollout({ ...state, paused: { why: 'person', at: NOON, by: asha } });
    deepEqual(refills(step(paused, seen)), ['a']);
  });

  test('not while workers come or go, nor while the zone is out', () => {
    const coming = world({ a1: 'nN', a2: 'o', b1: 'oo', b2: 'oo' }, {}, ['a']);
    deepEqual(refills(step(state, { ...coming, zones: seen.zones })), []);
    deepEqual(refills(step(state, { ...seen, zones: [{ ...a!, desired: 4, up: false }, b!] })), []);
  });
});

describe('a node in maintenance', () => {
  const calmly = (more: Partial<RolloutSeen>, held: string[] = ['a']) =>
    world({ a1: 'nn', a2: 'oo', b1: 'oo', b2: 'oo' }, more, held);
  const resting = aRollout({ phase: 'rest', touched: true, golden, lastZone: 'a' });

  test('goes first: nothing else is taken out while work leaves it, and what waits is not late', () => {
    const waits = step(resting, calmly({ maintained: ['b2'] }));
    deepEqual(
      [waits.actions, waits.reasons, waits.state.phase],
      [[], [{ code: 'waits-for-maintenance', nodes: ['vm-b2'] }], 'rest'],
    );
    deepEqual(updates(step(resting, calmly({}))), [`b1 ${NEW} 2`]);
  });

  test('once it is empty the others go on', () => {
    const empty = world({ a1: 'nn', a2: 'oo', b1: 'oo', b2: '' }, { maintained: ['b2'], need: 2 }, ['a']);
    deepEqual(updates(step(resting, empty)), [`b1 ${NEW} 2`]);
  });

  test('of the zone whose image is not proven yet makes it go back by itself, paused or not', () => {
    for (const paused of [null, { why: 'person' as const, at: NOON, by: asha }]) {
      const soaking = aRollout({ phase: 'soak', touched: true, golden, paused });
      const back = step(soaking, calmly({ maintained: ['a2'] }));
      deepEqual([back.state.phase, back.state.paused, back.state.backBy], ['rolling-back', null, null]);
      ok(back.state.failure?.why.includes('vm-a2 has to be maintained'));
      equal(step(soaking, calmly({ maintained: ['b2'] })).state.phase, 'soak');
    }
  });

  test('does not hold up the way back', () => {
    const back = aRollout({ phase: 'rolling-back', touched: true, golden });
    equal(updates(step(back, calmly({ maintained: ['a2'] }))).length, 1);
  });
});

describe('a fleet whose workers are all gone for the moment', () => {
  const empty = world({ a1: '', a2: '', b1: '', b2: '' }, { need: 0 });
  const golding = aRollout({ phase: 'golden' });

  test('proves no image: not while the loop moves them to another zone, nor while some are needed', () => {
    equal(step(golding, empty).state.phase, 'verify');
    for (const seen of [
      { ...empty, applying: true },
      { ...empty, need: 4 },
    ]) {
      const waits = step(golding, seen);
      deepEqual([waits.state.phase, codes(waits), waits.actions], ['golden', ['waits-for-workers'], []]);
    }
  });

  test('nor does a soak at whose end nobody is left', () => {
    const soaking = aRollout({ phase: 'soak', phaseAt: NOON, touched: true, golden });
    const lost = world({ a1: '', a2: 'oo', b1: 'oo', b2: 'oo' }, {}, ['a']);
    const begins = step(soaking, lost, NOON + 11 * MINUTE);
    deepEqual([begins.state.phase, begins.state.golden, begins.actions], ['golden', null, []]);
  });
});
