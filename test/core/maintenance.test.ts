import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hindered, unhindered } from '../../src/core/maintenance/hindered.js';
import {
  begun,
  holdOf,
  type MaintenanceSeen,
  type MaintenanceState,
  type Phase,
} from '../../src/core/maintenance/state.js';
import { turnOf } from '../../src/core/maintenance/turn.js';
import { advance } from '../../src/core/maintenance.js';
import type { NodeSeen } from '../../src/core/model.js';
import { aPolicy, aZone, MINUTE, NOON } from './builders.js';

const policy = aPolicy({ slotsPerNode: 4, startupSeconds: 180 });
const place = { id: 'n1', name: 'gpu-1', zone: 'a' };
const EVENT = { event: 'TERMINATE_ON_HOST_MAINTENANCE', deadlineAt: NOON + 60 * MINUTE, wish: null };
const asha = { id: 'slack:U1', name: 'Asha' };
const wish = (kind: 'fix' | 'ignore') => ({ kind, by: asha, at: NOON });

const inPhase = (phase: Phase, more: Partial<MaintenanceState> = {}): MaintenanceState => ({
  ...begun(place, EVENT, NOON),
  phase,
  workers: 4,
  groupSize: 3,
  ...more,
});
const node = (more: Partial<NodeSeen> = {}): NodeSeen => ({
  ...place,
  status: 'ready',
  eligible: false,
  workers: 4,
  healthy: true,
  drain: null,
  ...more,
});
const drained = { decisionId: 'maintenance-m1', done: true };
const latest = (at: number, reasons: unknown[] = []) => ({ at, to: 8, reasons }) as never;
const seen = (more: Partial<MaintenanceSeen> = {}): MaintenanceSeen => ({
  node: node(),
  returned: null,
  zones: [aZone('a', 8), aZone('b', 8)],
  group: { zone: 'a', size: 3, names: ['gpu-1', 'gpu-2', 'gpu-3'], problem: null },
  silent: null,
  desired: null,
  latest: null,
  turn: 'go',
  stopped: null,
  spare: false,
  policy,
  ...more,
});
const down = { node: node({ status: 'leaving', workers: 0, drain: drained }) };

const sinceMinute = (phase: Phase, minute: number) =>
  inPhase(phase, { hindered: { since: NOON + minute * MINUTE, detail: 'nomad: timeout' } });

/** Another node to the orchestrator, with the name of the old one. */
const anew = node({ id: 'n9', eligible: true, workers: 2 });

const advice = { why: 'advice', detail: 'advise mode' } as const;
const freeze = { why: 'frozen', detail: 'the freeze of Asha: we look' } as const;
const frozenAsk = { why: 'frozen', detail: 'f', by: null, at: NOON } as const;

const mute = { group: null, silent: 'gce: timeout' };

const fixed = { group: null };
/** By a person, with no hour; whoever can make a new VM was asked. */
const emptied = (more: Partial<MaintenanceState> = {}) =>
  inPhase('away', {
    ...{ deadlineAt: null, wish: wish('fix') },
    asked: { why: 'empty', detail: null, by: null, at: NOON },
    ...more,
  });

type Row = [
  what: string,
  state: MaintenanceState,
  world: Partial<MaintenanceSeen>,
  minutes: number,
  expected: string,
];

/** 'phase: actions', with what people are asked and how it ended. */
function told(state: MaintenanceState, world: Partial<MaintenanceSeen>, minutes: number): string {
  const next = advance(state, seen(world), 'maintenance-m1', NOON + minutes * MINUTE);
  const acts = next.actions.map((one) =>
    'deadlineSeconds' in one ? `drain ${one.deadlineSeconds}` : one.do,
  );
  const { asked, outcome, phase } = next.state;
  return [
    phase,
    ...acts,
    ...(asked === null ? [] : [`asks ${asked.why}`]),
    ...(outcome === null ? [] : [outcome]),
  ].join(', ');
}

it('a zone that goes out before the hour is not the stop: the node waits for that', () => {
  const out = advance(inPhase('away'), seen(down), 'maintenance-m1', NOON + 30 * MINUTE).state;
  equal(out.wentDown, false);
  equal(told(out, { node: node({ drain: drained }) }, 40), 'away');
});

describe('a step of a maintenance', () => {
  const fresh = latest(NOON);
  const rows: Row[] = [
    ['its turn comes', inPhase('waiting'), { node: node({ eligible: true }) }, 0, 'fencing, cordon'],
    ['it is not its turn', inPhase('waiting'), { turn: 'turn' }, 0, 'waiting'],
    ['somebody ignores it', inPhase('waiting', { wish: wish('ignore') }), {}, 0, 'over, ignored'],
    ['the notice is withdrawn first', inPhase('waiting', { withdrawn: true }), {}, 0, 'over, withdrawn'],
    ['the node is unknown', inPhase('waiting'), { node: null }, 0, 'over, gone'],
    ['it is down already', inPhase('waiting'), { node: node({ status: 'down' }) }, 0, 'away, cordon'],
    ['a freeze, the hour far', inPhase('waiting'), { stopped: { why: 'frozen', detail: 'f' } }, 0, 'waiting'],
    [
      'a freeze, the hour near',
      inPhase('waiting'),
      { stopped: { why: 'frozen', detail: 'f' } },
      31,
      'waiting, asks frozen',
    ],
    ['advise mode', inPhase('surging'), { stopped: advice }, 55, 'surging'],
    ['advise mode, it is down', inPhase('waiting'), { ...down, stopped: advice }, 61, 'waiting'],
    [
      'advise mode, it was down',
      inPhase('waiting', { wentDown: true }),
      { node: node({ eligible: true }), stopped: advice },
      70,
      'over, back',
    ],
    [
      'advise mode, it was made anew under its name',
      inPhase('waiting'),
      { ...down, returned: anew, stopped: advice },
      65,
      'over, back',
    ],
    [
      'advise mode, it does not come back',
      inPhase('waiting'),
      { ...down, stopped: advice },
      121,
      'waiting, asks never-returned',
    ],
    ['its hour passed long ago', inPhase('waiting'), { node: node({ eligible: true }) }, 75, 'over, back'],
    [
      'its hour passed long ago, a person wants it empty',
      inPhase('waiting', { wish: wish('fix') }),
      {},
      75,
      'fencing, cordon',
    ],
    [
      'a freeze, it is down',
      inPhase('waiting', { asked: frozenAsk }),
      { ...down, stopped: freeze },
      61,
      'waiting',
    ],
    ['the drain was lost, a freeze came', inPhase('draining'), { stopped: freeze }, 20, 'draining'],
    [
      'a freeze, it does not come back',
      inPhase('away', { wentDown: true }),
      { ...down, stopped: freeze },
      120,
      'away, asks never-returned',
    ],
    [
      'a freeze, it stays ill',
      inPhase('checking'),
      { node: node({ healthy: false }), stopped: freeze },
      70,
      'checking, asks unhealthy',
    ],
    ['a freeze', inPhase('replacing'), { stopped: freeze }, 120, 'replacing, asks not-replaced'],
    ['advise mode', inPhase('replacing'), { stopped: advice }, 120, 'replacing, asks not-replaced'],
    [
      'a freeze, the group is one short',
      inPhase('replacing'),
      { group: { zone: 'a', size: 2, names: ['gpu-2', 'gpu-3'], problem: null }, stopped: freeze },
      120,
      'replacing, asks not-replaced',
    ],
    ['the cloud is silent', inPhase('replacing'), mute, 120, 'replacing'],
    [
      'the cloud is silent, and it is empty',
      inPhase('draining', { deadlineAt: null }),
      { ...mute, node: node({ drain: drained }) },
      20,
      'draining',
    ],
    ['the cloud is silent, and the hour is near', inPhase('surging'), mute, 50, 'draining, drain 300'],
    ['the cloud was silent just now', inPhase('away'), { ...down, ...mute }, 120, 'away'],
    [
      'the cloud stays silent',
      inPhase('away', { hindered: { since: NOON + 119 * MINUTE, detail: 'gce: timeout' } }),
      { ...down, ...mute },
      120,
      'away, asks never-returned',
    ],
    ['the freeze is over', inPhase('replacing', { asked: frozenAsk }), {}, 120, 'replacing, remove'],
    [
      'a freeze, the bot itself fenced it',
      inPhase('calling-off', { withdrawn: true }),
      { stopped: freeze },
      5,
      'calling-off, uncordon',
    ],
    [
      'advise mode, the bot itself fenced it',
      inPhase('checking', { readySince: NOON + 69 * MINUTE }),
      { stopped: advice },
      70,
      'returning, uncordon',
    ],
    ['the cordon was lost', inPhase('fencing'), { node: node({ eligible: true }) }, 0, 'fencing, cordon'],
    ['it is cordoned', inPhase('fencing'), {}, 0, 'surging, evaluate'],
    ['no decision yet', inPhase('surging'), {}, 0.5, 'surging'],
    ['no decision for a minute', inPhase('surging'), {}, 1, 'surging, evaluate'],
    ['all stand in', inPhase('surging'), { latest: fresh }, 5, 'draining, drain 720'],
    [
      'some still start',
      inPhase('surging'),
      { latest: fresh, zones: [aZone('a', 8, { ready: 6 })] },
      5,
      'surging',
    ],
    [
      'only some of them were asked for, as the others have no room',
      inPhase('surging'),
      { latest: fresh, zones: [aZone('a', 4)] },
      12,
      'surging, evaluate, asks capacity',
    ],
    [
      'they never come',
      inPhase('surging'),
      { latest: fresh, zones: [aZone('a', 8, { ready: 6 })] },
      12,
      'surging, evaluate, asks capacity',
    ],
    [
      'a ceiling forbids them',
      inPhase('surging'),
      { latest: latest(NOON, [{ code: 'ceiling-limited', wanted: 9, allowed: 8 }]) },
      5,
      'surging, evaluate, asks limits',
    ],
    [
      'the need is not known',
      inPhase('surging'),
      { latest: latest(NOON, [{ code: 'hold-metrics-missing' }]) },
      5,
      'surging, evaluate, asks in-the-dark',
    ],
    ['the hour is near, nobody stands in', inPhase('surging'), {}, 50, 'draining, drain 300'],
    ['the hour is very near', inPhase('surging'), {}, 58, 'draining, drain 60'],
    ['withdrawn while others start', inPhase('surging', { withdrawn: true }), {}, 5, 'calling-off, uncordon'],
    ['it is cordoned still', inPhase('calling-off', { withdrawn: true }), {}, 5, 'calling-off, uncordon'],
    [
      'it takes work again',
      inPhase('calling-off', { withdrawn: true }),
      { node: node({ eligible: true }) },
      5,
      'shrinking, evaluate, withdrawn',
    ],
    ['the drain was lost', inPhase('draining'), {}, 20, 'draining, drain 720'],
    [
      'it drains',
      inPhase('draining'),
      { node: node({ drain: { ...drained, done: false } }) },
      20,
      'draining',
    ],
    ['it is empty', inPhase('draining'), { node: node({ drain: drained }) }, 20, 'away'],
    [
      'it is empty, and nobody will stop it',
      inPhase('draining', { deadlineAt: null }),
      { node: node({ drain: drained }) },
      20,
      'replacing',
    ],
    [
      'it is empty, nodes are fixed',
      inPhase('draining', { deadlineAt: null }),
      { ...fixed, node: node({ drain: drained }) },
      20,
      'away',
    ],
    ['nobody will stop it, nodes are fixed', emptied(), fixed, 300, 'away, asks empty'],
    ['a person gives it back', emptied({ wish: wish('ignore') }), fixed, 300, 'checking'],
    [
      'a person gives it back, and it is well',
      emptied({ phase: 'checking', wish: wish('ignore'), readySince: NOON + 69 * MINUTE }),
      fixed,
      70,
      'returning, uncordon',
    ],
    ['a person stops it to repair it', emptied(), { ...down, ...fixed }, 300, 'away, asks empty'],
    ['a person has repaired it', emptied({ wentDown: true }), fixed, 300, 'checking'],
    [
      'a person put another VM of its name there',
      emptied(),
      { ...down, ...fixed, returned: anew },
      300,
      'checking',
    ],
    [
      'a person put another VM there',
      emptied({ phase: 'replacing' }),
      { ...fixed, node: null },
      300,
      'over, gone',
    ],
    [
      'the cloud says at last when it stops it',
      emptied({ deadlineAt: NOON + 400 * MINUTE }),
      fixed,
      300,
      'away',
    ],
    ['its group can be resized at last', emptied(), {}, 300, 'replacing'],
    ['it crashes while it drains', inPhase('draining'), { node: node({ status: 'down' }) }, 20, 'away'],
    ['it waits for its stop', inPhase('away'), { node: node({ drain: drained }) }, 59, 'away'],
    ['it is stopped', inPhase('away'), down, 61, 'away'],
    ['it is back', inPhase('away', { wentDown: true }), { node: node({ drain: drained }) }, 70, 'checking'],
    [
      'its hour passed and nothing happened',
      inPhase('away'),
      { node: node({ drain: drained }) },
      75,
      'checking',
    ],
    ['it does not come back', inPhase('away', { wentDown: true }), down, 120, 'replacing'],
    [
      'it does not come back, nodes are fixed',
      inPhase('away'),
      { ...down, group: null },
      120,
      'away, asks never-returned',
    ],
    [
      'somebody deleted it',
      inPhase('away'),
      { ...down, group: { zone: 'a', size: 2, names: ['gpu-2'], problem: null } },
      70,
      'over, gone',
    ],
    ['the cloud made it anew under its name', inPhase('away'), { ...down, returned: anew }, 120, 'checking'],
    [
      'it is forgotten, and anew under its name',
      inPhase('away'),
      { node: null, returned: anew },
      70,
      'checking',
    ],
    ['the cloud made it anew meanwhile', inPhase('checking'), { ...down, returned: anew }, 70, 'checking'],
    [
      'the cloud made it anew before it was removed',
      inPhase('replacing'),
      { ...down, returned: anew },
      120,
      'checking',
    ],
    [
      'it is well, and was never fenced',
      inPhase('checking', { readySince: NOON + 69 * MINUTE }),
      { node: anew },
      70,
      'returning',
    ],
    ['the old VM stands in the group', inPhase('replacing'), {}, 120, 'replacing, remove'],
    [
      'the group is one short',
      inPhase('replacing'),
      { group: { zone: 'a', size: 2, names: ['gpu-2', 'gpu-3'], problem: null } },
      120,
      'replacing, grow',
    ],
    [
      'the new one is asked for',
      inPhase('replacing'),
      { group: { zone: 'a', size: 3, names: ['gpu-2', 'gpu-3'], problem: null } },
      120,
      'shrinking, evaluate, replaced',
    ],
    ['it is well since now', inPhase('checking'), {}, 70, 'checking'],
    [
      'it is well for a minute',
      inPhase('checking', { readySince: NOON + 69 * MINUTE }),
      {},
      70,
      'returning, uncordon',
    ],
    [
      'its driver is ill',
      inPhase('checking', { phaseAt: NOON + 69 * MINUTE }),
      { node: node({ healthy: false }) },
      70,
      'checking',
    ],
    ['its driver stays ill', inPhase('checking'), { node: node({ healthy: false }) }, 70, 'replacing'],
    [
      'the way back was lost',
      inPhase('returning'),
      { node: node({ drain: drained }) },
      71,
      'returning, uncordon',
    ],
    [
      'it is eligible',
      inPhase('returning'),
      { node: node({ eligible: true }) },
      71,
      'shrinking, evaluate, back',
    ],
    [
      'the loop drains it as a spare one',
      inPhase('returning'),
      { node: node({ drain: { decisionId: 'd-7', done: false } }) },
      71,
      'shrinking, evaluate, back',
    ],
    [
      'spare nodes stand there',
      inPhase('shrinking', { outcome: 'back' }),
      { spare: true },
      72,
      'shrinking, shrink, back',
    ],
    [
      'nobody says whether any is spare',
      inPhase('shrinking', { outcome: 'back', phaseAt: NOON + 71 * MINUTE }),
      mute,
      72,
      'shrinking, back',
    ],
    ['nothing is spare', inPhase('shrinking', { outcome: 'back' }), {}, 72, 'over, back'],
  ];
  for (const [what, state, world, minutes, expected] of rows)
    it(`${state.phase}: ${what}`, () => equal(told(state, world, minutes), expected));

  it('follows the node under its new id from then on', () => {
    const { state } = advance(inPhase('replacing'), seen({ ...down, returned: anew }), 'm', NOON);
    deepEqual(state.node, { ...place, id: 'n9' });
  });

  it('says in advise mode what it would do', () => {
    const { state } = advance(inPhase('replacing'), seen({ stopped: advice }), 'm', NOON);
    equal(state.asked?.detail, 'advise mode: otherwise it would be deleted and a new VM made');
  });

  it('asks once, and keeps the hour until which help is in time', () => {
    const first = advance(
      inPhase('surging'),
      seen({ latest: latest(NOON, [{ code: 'hold-metrics-missing' }]) }),
      'm',
      NOON + 5 * MINUTE,
    );
    const again = advance(
      first.state,
      seen({ latest: latest(NOON, [{ code: 'hold-metrics-missing' }]) }),
      'm',
      NOON + 9 * MINUTE,
    );
    deepEqual(again.state.asked, {
      why: 'in-the-dark',
      detail: null,
      by: NOON + 50 * MINUTE,
      at: NOON + 5 * MINUTE,
    });
  });

  it('holds the workers that stand in, and once it is empty only those that found no room', () => {
    const full = [aZone('a', 8), aZone('b', 8)];
    deepEqual(holdOf(inPhase('surging'), full), { surge: 4 });
    equal(holdOf(inPhase('away'), full), undefined);
    deepEqual(holdOf(inPhase('away'), [aZone('a', 8, { ready: 5, starting: 1 })]), { surge: 2 });
    equal(holdOf(inPhase('waiting'), full), undefined);
  });
});

describe('a peer that does not do what must be done', () => {
  const rows: [
    what: string,
    state: MaintenanceState,
    minutes: number,
    asks: string | null,
    byMinutes: number | null,
  ][] = [
    ['for a moment', inPhase('surging'), 40, null, null],
    ['for a minute, the hour far', sinceMinute('surging', 9), 10, null, null],
    ['for a minute, the hour near', sinceMinute('surging', 39), 40, 'hindered', 50],
    ['for a minute, right before the stop', sinceMinute('draining', 51), 52, 'hindered', 60],
    ['for a minute, the node being empty', sinceMinute('away', 49), 50, null, null],
    ['for long, the node being empty', sinceMinute('replacing', 120), 135, 'hindered', null],
  ];
  for (const [what, state, minutes, asks, by] of rows)
    it(`${what}: ${asks === null ? 'nobody is asked' : 'a person is asked'}`, () => {
      const { asked } = hindered(state, 'nomad: timeout', NOON + minutes * MINUTE);
      deepEqual([asked?.why ?? null, asked?.by ?? null], [asks, by === null ? null : NOON + by * MINUTE]);
    });

  it('is forgotten once it does', () => {
    const asked = hindered(sinceMinute('surging', 39), 'nomad: timeout', NOON + 40 * MINUTE);
    deepEqual(unhindered(asked), inPhase('surging'));
  });
});

describe('whose turn it is', () => {
  const entry = (id: string, phase: Phase, minutes: number | null, workers = 4, fix = false) => ({
    id,
    workers,
    state: inPhase(phase, {
      deadlineAt: minutes === null ? null : NOON + minutes * MINUTE,
      wish: fix ? wish('fix') : null,
    }),
  });
  type Entry = ReturnType<typeof entry>;
  const rows: [what: string, own: Entry, others: Entry[], rollout: boolean, expected: string][] = [
    ['alone', entry('a', 'waiting', 60), [], false, 'go'],
    ['the hour is far', entry('a', 'waiting', 240), [], false, 'later'],
    ['a person does not want to wait', entry('a', 'waiting', 240, 4, true), [], false, 'go'],
    ['the earlier hour goes first', entry('a', 'waiting', 58), [entry('b', 'waiting', 50)], false, 'turn'],
    [
      'of equals the one with less to lose',
      entry('a', 'waiting', 60, 4),
      [entry('b', 'waiting', 60, 1)],
      false,
      'turn',
    ],
    ['another moves', entry('a', 'waiting', 60), [entry('b', 'draining', 60)], false, 'turn'],
    [
      'another moves, and no time is left',
      entry('a', 'waiting', 20),
      [entry('b', 'draining', 20)],
      false,
      'go',
    ],
    [
      'another is away until it is too late',
      entry('a', 'waiting', 60),
      [entry('b', 'away', 60)],
      false,
      'go',
    ],
    ['another is away and back in time', entry('a', 'waiting', 60), [entry('b', 'away', 2)], false, 'turn'],
    ['a rollout runs', entry('a', 'waiting', 60), [], true, 'rollout'],
    ['a rollout runs, and no time is left', entry('a', 'waiting', 20), [], true, 'go'],
  ];
  for (const [what, own, others, rollout, expected] of rows)
    it(what, () => equal(turnOf(own, [own, ...others], rollout, policy, NOON), expected));
});
