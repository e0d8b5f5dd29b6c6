import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../src/core/decide.js';
import { explain } from '../../src/core/explain.js';
import { wantsGuard } from '../../src/core/guard.js';
import { type Decision, type Seen, target } from '../../src/core/model.js';
import type { Policy, PolicyInput } from '../../src/core/policy.js';
import type { ReasonCode } from '../../src/core/reasons.js';
import { remember } from '../../src/core/remember.js';
import { aFreeze, aMemory, anOverride, aPolicy, aSample, aSeen, aZone, MINUTE, NOON } from './builders.js';

const codes = (decision: Decision): ReasonCode[] => decision.reasons.map(({ code }) => code);
const said = (decision: Decision, code: ReasonCode): boolean => codes(decision).includes(code);

test('a pin tells of the workers that should stand in and that it keeps away', () => {
  const wanted = (seen: Partial<Seen>): number | undefined => {
    const { reasons } = decide(aSeen({ override: anOverride(), ...seen }), aPolicy());
    const pin = reasons.find((reason) => reason.code === 'override-pin');
    return pin?.code === 'override-pin' ? pin.wanted : undefined;
  };
  assert.equal(wanted({ busy: true, surge: 4 }), wanted({})! + 4);
});

test('a pin in the dark says that it decides all the same, and what would stay without it', () => {
  const missing = [{ what: 'demand' as const, peer: 'rabbitmq', why: 'timeout' as const }];
  const seen = aSeen({ override: anOverride({ workers: 15 }), missing });
  const words = explain(decide(seen, aPolicy()), seen, aPolicy()).join(' ');
  assert.match(words, /pins the fleet at 15 workers \(20 without it\)/);
  assert.match(words, /Demand is unknown \(rabbitmq: timeout\), and the override decides all the same\./);
  assert.doesNotMatch(words, /nothing is cut/);
});

test('cuts an oversized fleet to its need and raises a small one', () => {
  const cut = decide(aSeen(), aPolicy());
  assert.equal(cut.kind, 'scale');
  assert.ok(target(cut) >= 13 && target(cut) < 20, `${target(cut)}`);
  const raise = decide(aSeen({ zones: [aZone('a', 2), aZone('b', 1)] }), aPolicy());
  assert.equal(target(raise), target(cut));
  assert.ok(said(raise, 'forecast-need'));
});

interface Row {
  claim: string;
  policy?: Partial<PolicyInput>;
  seen?: Partial<Seen>;
  to: number | ((to: number) => boolean);
  code: ReasonCode;
}

const rows: Row[] = [
  { claim: 'the floor keeps its count', policy: { floor: 25 }, to: 25, code: 'floor-limited' },
  { claim: 'the ceiling is never passed', policy: { ceiling: 9 }, to: 9, code: 'ceiling-limited' },
  { claim: 'a cut goes one step at a time', policy: { stepDown: 2 }, to: 18, code: 'step-limited' },
  {
    claim: 'a raise goes one step at a time',
    policy: { stepUp: 3 },
    seen: { zones: [aZone('a', 2), aZone('b', 2)] },
    to: 7,
    code: 'step-limited',
  },
  {
    claim: 'the budget buys whole nodes',
    policy: { budgetPerHour: 2, nodePricePerHour: 1, slotsPerNode: 4 },
    to: 8,
    code: 'budget-limited',
  },
  {
    claim: 'a scheduled floor counts a start-up before it opens',
    policy: {
      schedule: [{ cron: '2 12 * * 1-5', durationSeconds: 3_600, floor: 40 }],
      startupSeconds: 180,
    },
    to: 40,
    code: 'scheduled-floor',
  },
  { claim: 'a pin wins over the need', seen: { override: anOverride() }, to: 30, code: 'override-pin' },
  {
    claim: 'a pin skips the step limit',
    policy: { stepUp: 1 },
    seen: { override: anOverride() },
    to: 30,
    code: 'override-pin',
  },
  {
    claim: 'a pin wins in the dark, and what is dark is told',
    seen: { override: anOverride(), sample: aSample({ requestsPerSecond: null }) },
    to: 30,
    code: 'hold-metrics-missing',
  },
  {
    claim: 'so it is with numbers that are old',
    seen: { override: anOverride({ workers: 15 }), sample: aSample({ at: NOON - 10 * MINUTE }) },
    to: 15,
    code: 'hold-metrics-stale',
  },
  {
    claim: 'a pin does not pass the ceiling',
    policy: { ceiling: 25 },
    seen: { override: anOverride() },
    to: 25,
    code: 'ceiling-limited',
  },
  {
    claim: 'a freeze counts at once, though it was typed by a clock that is ahead',
    seen: { freezes: [aFreeze({ at: NOON + 30_000 })] },
    to: 20,
    code: 'frozen',
  },
  {
    claim: 'so does an override',
    seen: { override: anOverride({ at: NOON + 30_000 }) },
    to: 30,
    code: 'override-pin',
  },
  {
    claim: 'a pin does not thaw a freeze',
    seen: { override: anOverride(), freezes: [aFreeze()] },
    to: 20,
    code: 'frozen',
  },
  {
    claim: 'an override floor raises',
    seen: { override: anOverride({ kind: 'floor', workers: 24 }) },
    to: 24,
    code: 'override-floor',
  },
  {
    claim: 'an override ceiling cuts',
    seen: { override: anOverride({ kind: 'ceiling', workers: 5 }) },
    to: 5,
    code: 'override-ceiling',
  },
  { claim: 'a freeze stops a cut', seen: { freezes: [aFreeze()] }, to: 20, code: 'frozen' },
  {
    claim: 'a freeze of cuts stops a cut',
    seen: { freezes: [aFreeze({ kind: 'down' })] },
    to: 20,
    code: 'frozen',
  },
  {
    claim: 'holds when demand is unknown',
    seen: { sample: aSample({ requestsPerSecond: null }) },
    to: 20,
    code: 'hold-metrics-missing',
  },
  {
    claim: 'holds when the backlog, once known, is unknown',
    seen: { sample: aSample({ backlog: null }) },
    to: 20,
    code: 'hold-metrics-missing',
  },
  {
    claim: 'holds when latency, once known, is unknown under load',
    seen: { sample: aSample({ p95Seconds: null }) },
    to: 20,
    code: 'hold-metrics-missing',
  },
  {
    claim: 'holds when a peer said that it failed',
    seen: { missing: [{ what: 'latency', peer: 'prometheus', why: 'timeout' }] },
    to: 20,
    code: 'hold-metrics-missing',
  },
  {
    claim: 'holds when metrics are stale',
    seen: { sample: aSample({ at: NOON - 10 * MINUTE }) },
    to: 20,
    code: 'hold-metrics-stale',
  },
  {
    claim: 'takes as fresh what 2 s of the machine’s time have aged, where time runs faster',
    seen: { sample: aSample({ at: NOON - 10 * MINUTE }), speed: 300 },
    to: (to) => to < 20,
    code: 'forecast-need',
  },
  { claim: 'holds without any sample', seen: { sample: null }, to: 20, code: 'hold-metrics-stale' },
  { claim: 'holds a cut during a rollout', seen: { busy: true }, to: 20, code: 'hold-rollout' },
  {
    claim: 'holds a cut while a deployment blocks a zone',
    seen: {
      zones: [
        aZone('a', 10, {
          blocked: { kind: 'deployment', id: 'd1', since: null, detail: 'deployment d1 is running' },
        }),
        aZone('b', 10),
      ],
    },
    to: 20,
    code: 'hold-rollout',
  },
  {
    claim: 'holds a fleet that another autoscaler owns',
    seen: {
      zones: [
        aZone('a', 10, { blocked: { kind: 'owned-by-other', id: 'hpa/ocr', since: null, detail: '' } }),
        aZone('b', 10),
      ],
    },
    to: 20,
    code: 'owned-by-other',
  },
  {
    claim: 'cuts nothing before enough complete cycles after first contact',
    policy: { firstContactCycles: 100 },
    to: 20,
    code: 'hold-first-contact',
  },
  {
    claim: 'rounds up to whole allocations',
    policy: { workersPerAllocation: 4, slotsPerNode: 4 },
    to: (to) => to % 4 === 0 && to >= 12,
    code: 'rounded-to-allocation',
  },
  {
    claim: 'each zone carries the objective alone where zone loss is tolerated',
    policy: { zoneLossTolerant: true },
    to: (to) => to >= 26,
    code: 'zone-loss-tolerance',
  },
  {
    claim: 'outside the hours one worker a zone and throughput are enough',
    policy: { slo: { hours: { from: '18:00', to: '22:00' } } },
    to: (to) => to >= 12 && to <= 18,
    code: 'off-hours',
  },
  {
    claim: 'saturation asks for workers beyond what demand says',
    seen: { sample: aSample({ saturation: 0.95 }) },
    to: 24,
    code: 'saturation-need',
  },
];

for (const row of rows) {
  test(row.claim, () => {
    const policy = aPolicy(row.policy);
    const decision = decide(aSeen(row.seen, policy), policy);
    const to = target(decision);
    assert.ok(typeof row.to === 'number' ? to === row.to : row.to(to), `asked for ${to}`);
    assert.ok(said(decision, row.code), codes(decision).join(', '));
  });
}

test('holds when the orchestrator cannot be read, and names it', () => {
  const decision = decide(
    aSeen({ zones: null, missing: [{ what: 'workers', peer: 'nomad', why: 'timeout' }] }),
    aPolicy(),
  );
  assert.equal(decision.kind, 'hold');
  assert.deepEqual(decision.reasons.at(-1), { code: 'hold-workers-unknown', peer: 'nomad', why: 'timeout' });
});

test('a blind fleet is still raised on its forecast', () => {
  const seen = aSeen({ sample: aSample({ requestsPerSecond: null }), zones: [aZone('a', 2), aZone('b', 2)] });
  assert.ok(target(decide(seen, aPolicy())) > 10);
});

test('the odd worker goes to the first zone, and raises go to the smaller one', () => {
  const pin = (workers: number): Partial<Seen> => ({ override: anOverride({ workers }) });
  const odd = decide(aSeen({ ...pin(7), zones: [aZone('a', 0), aZone('b', 0)] }), aPolicy());
  assert.deepEqual(odd.placement, [
    { zone: 'a', workers: 4 },
    { zone: 'b', workers: 3 },
  ]);
  const up = decide(aSeen({ ...pin(8), zones: [aZone('a', 3), aZone('b', 4)] }), aPolicy());
  assert.deepEqual(up.placement, [
    { zone: 'a', workers: 4 },
    { zone: 'b', workers: 4 },
  ]);
});

test('a lost zone moves its workers to the other one at once', () => {
  const zones = [aZone('a', 7), aZone('b', 7, { up: false, ready: 0 })];
  for (const trigger of ['cycle', 'guard'] as const) {
    const seen = aSeen({ zones, trigger, override: anOverride({ workers: 14 }) });
    const decision = decide(seen, aPolicy());
    assert.deepEqual(decision.placement, [
      { zone: 'a', workers: 14 },
      { zone: 'b', workers: 0 },
    ]);
    assert.ok(said(decision, 'zone-down'));
    assert.ok(wantsGuard(seen, aPolicy()));
  }
});

test('a zone that came back is filled again by a cycle, not by the guard', () => {
  const seen = aSeen({ zones: [aZone('a', 14), aZone('b', 0)], override: anOverride({ workers: 14 }) });
  assert.ok(said(decide(seen, aPolicy()), 'rebalanced'));
  assert.equal(decide({ ...seen, trigger: 'guard' }, aPolicy()).kind, 'hold');
});

test('a higher need within the stabilization window keeps the count', () => {
  const policy = aPolicy({ stabilizationSeconds: 2_400 });
  const memory = { ...aMemory(policy), votes: [{ at: NOON - 20 * MINUTE, need: 18 }] };
  const decision = decide(aSeen({ memory }, policy), policy);
  assert.equal(target(decision), 18);
  assert.ok(said(decision, 'stabilized'));
});

test('no cut within the cooldown after a raise', () => {
  const policy = aPolicy({ cooldownSeconds: 1_800 });
  const memory = { ...aMemory(policy), lastRaiseAt: NOON - 20 * MINUTE };
  const decision = decide(aSeen({ memory }, policy), policy);
  assert.ok(said(decision, 'cooldown'));
  assert.equal(target(decision), 20);
});

test('a count that somebody else set is adopted without a cut, or not adopted', () => {
  const foreign = (policy: Policy): Decision =>
    decide(aSeen({ memory: { ...aMemory(policy), desired: 14 } }, policy), policy);
  const adopted = foreign(aPolicy());
  assert.equal(target(adopted), 20);
  assert.ok(said(adopted, 'foreign-change'));
  assert.ok(target(foreign(aPolicy({ onForeignChange: 'restore' }))) < 20);
});

test('our own change on its way is not somebody else’s', () => {
  const memory = { ...aMemory(aPolicy()), desired: 24, lastRaiseAt: NOON - MINUTE };
  const decision = decide(aSeen({ memory, trigger: 'guard' }), aPolicy());
  assert.ok(!said(decision, 'foreign-change'));
  assert.equal(target(decision), 24);
});

test('a raise that has not reached the cluster is taken back, not taken for what stands', () => {
  const policy = aPolicy();
  const memory = { ...aMemory(policy), desired: 40, lastRaiseAt: NOON - MINUTE, lastRaiseFrom: 20 };
  const onItsWay = (workers: number) =>
    decide(aSeen({ memory, applying: true, override: anOverride({ workers }) }, policy), policy);
  const back = onItsWay(20);
  assert.ok(back.kind === 'scale' && back.from === 40 && back.to === 20, JSON.stringify(back));
  assert.equal(onItsWay(40).kind, 'hold');
});

test('limits that keep a fleet below its need say by how much', () => {
  const decision = decide(aSeen(), aPolicy({ ceiling: 9 }));
  assert.equal(decision.shortOf, decision.numbers.need! - 9);
});

test('a backlog that threatens the objective asks for more than demand does', () => {
  const calm = decide(aSeen(), aPolicy());
  const behind = decide(aSeen({ sample: aSample({ backlog: 3_000, oldestAgeSeconds: 40 }) }), aPolicy());
  assert.ok(said(behind, 'backlog-drain'));
  assert.ok(target(behind) > target(calm));
});

test('the guard raises on a jump, and does not ask again for what is starting', () => {
  const policy = aPolicy();
  const memory = aMemory(policy, { rate: (minute) => (minute >= 238 ? 60 : 20) });
  const seen = aSeen({ memory, sample: aSample({ requestsPerSecond: 60 }), trigger: 'guard' });
  assert.ok(wantsGuard(seen, policy));
  const decision = decide(seen, policy);
  assert.ok(target(decision) >= 36, `${target(decision)}`);
  assert.ok(said(decision, 'guard-raise'));
  const after = target(decision);
  const next: Seen = {
    ...seen,
    memory: remember(memory, seen, decision),
    zones: [
      aZone('a', Math.ceil(after / 2), { ready: 10, starting: Math.ceil(after / 2) - 10 }),
      aZone('b', Math.floor(after / 2), { ready: 10, starting: Math.floor(after / 2) - 10 }),
    ],
  };
  assert.equal(wantsGuard(next, policy), false);
});

test('the guard raises on an old backlog, and leaves a calm fleet alone', () => {
  const old = aSeen({ sample: aSample({ backlog: 6_000, oldestAgeSeconds: 40 }), trigger: 'guard' });
  assert.ok(wantsGuard(old, aPolicy()));
  assert.equal(wantsGuard(aSeen({ trigger: 'guard' }), aPolicy()), false);
});
