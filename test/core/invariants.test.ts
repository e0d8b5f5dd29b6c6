import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../src/core/decide.js';
import { sentence } from '../../src/core/explain.js';
import { wantsGuard } from '../../src/core/guard.js';
import { learn } from '../../src/core/learn.js';
import { type Seen, target } from '../../src/core/model.js';
import type { Policy } from '../../src/core/policy.js';
import { remember } from '../../src/core/remember.js';
import { aFreeze, aMemory, anOverride, aPolicy, aSample, aSeen, aZone, MINUTE, NOON } from './builders.js';

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });

const policies: fc.Arbitrary<Policy> = fc
  .record({
    preset: fc.constantFrom('thrifty' as const, 'balanced' as const, 'careful' as const),
    floor: fc.integer({ min: 0, max: 10 }),
    ceiling: fc.integer({ min: 10, max: 60 }),
    stepUp: maybe(fc.integer({ min: 1, max: 5 })),
    stepDown: maybe(fc.integer({ min: 1, max: 5 })),
    budgetPerHour: maybe(fc.integer({ min: 1, max: 20 })),
    nodePricePerHour: fc.constantFrom(0, 1),
    slotsPerNode: fc.constantFrom(1, 4),
    zoneLossTolerant: fc.boolean(),
    cooldownSeconds: fc.constantFrom(0, 1_800),
  })
  .map((input) => aPolicy(input));

const memories = [5, 20, 60].map((rate) => aMemory(aPolicy(), { rate }));

const inputs = fc.record({
  trigger: fc.constantFrom('cycle' as const, 'guard' as const, 'request' as const, 'window' as const),
  memory: fc.constantFrom(...memories),
  sample: fc
    .record({
      requestsPerSecond: maybe(fc.double({ min: 0, max: 200, noNaN: true })),
      backlog: maybe(fc.integer({ min: 0, max: 5_000 })),
      oldestAgeSeconds: maybe(fc.integer({ min: 0, max: 300 })),
      p95Seconds: maybe(fc.double({ min: 0.1, max: 60, noNaN: true })),
      at: fc.constantFrom(NOON, NOON - 10 * MINUTE),
    })
    .map((sample) => aSample(sample)),
  zones: fc
    .tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 1 }), fc.boolean(), fc.boolean())
    .map(([n, odd, upA, upB]) => [aZone('a', n + odd, { up: upA }), aZone('b', n, { up: upB })]),
  override: maybe(
    fc
      .record({
        kind: fc.constantFrom('pin' as const, 'floor' as const, 'ceiling' as const),
        workers: fc.integer({ min: 0, max: 100 }),
      })
      .map((override) => anOverride(override)),
  ),
  busy: fc.boolean(),
});

const check = (claim: (seen: Seen, policy: Policy) => void): void =>
  fc.assert(
    fc.property(inputs, policies, (changes, policy) => claim(aSeen(changes, policy), policy)),
    { numRuns: 300, seed: 1 },
  );

test('never raises beyond the ceiling, never below zero, and always whole workers', () => {
  check((seen, policy) => {
    const decision = decide(seen, policy);
    const to = target(decision);
    const found = seen.zones!.reduce((sum, zone) => sum + zone.desired, 0);
    assert.ok(Number.isInteger(to) && to >= 0);
    assert.ok(to <= Math.max(policy.ceiling, found));
  });
});

test('the guard never lowers', () => {
  check((seen, policy) => {
    const found = seen.zones!.reduce((sum, zone) => sum + zone.desired, 0);
    assert.ok(target(decide({ ...seen, trigger: 'guard' }, policy)) >= found);
  });
});

test('wantsGuard says exactly whether the guard would change something', () => {
  check((seen, policy) => {
    const guarded: Seen = { ...seen, trigger: 'guard' };
    assert.equal(wantsGuard(seen, policy), decide(guarded, policy).kind === 'scale');
  });
});

test('an open freeze stops every change', () => {
  check((seen, policy) => {
    assert.equal(decide({ ...seen, freezes: [aFreeze()] }, policy).kind, 'hold');
  });
});

test('never cuts in the dark below what limits ask', () => {
  check((seen, policy) => {
    if (seen.override !== null || policy.budgetPerHour !== null) return;
    const found = seen.zones!.reduce((sum, zone) => sum + zone.desired, 0);
    const blind = { ...seen, sample: { ...seen.sample!, requestsPerSecond: null } };
    assert.ok(target(decide(blind, policy)) >= Math.min(found, policy.ceiling));
  });
});

test('zones that are up differ by at most one worker after a change', () => {
  check((seen, policy) => {
    const decision = decide(seen, policy);
    if (decision.kind === 'hold') return;
    const up = decision.placement.filter(({ zone }) => seen.zones!.find((one) => one.zone === zone)!.up);
    const counts = up.map(({ workers }) => workers);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, JSON.stringify(decision.placement));
    assert.equal(
      decision.placement.reduce((sum, { workers }) => sum + workers, 0),
      target(decision),
    );
  });
});

test('a stored input decided again gives the same decision', () => {
  check((seen, policy) => {
    const first = decide(seen, policy);
    const again = decide(JSON.parse(JSON.stringify(seen)), JSON.parse(JSON.stringify(policy)));
    assert.deepEqual(again, first);
  });
});

test('every reason becomes a sentence', () => {
  check((seen, policy) => {
    for (const reason of decide(seen, policy).reasons) {
      const text = sentence(reason);
      assert.match(text, /^[A-Z0-9].*\.$/);
      assert.doesNotMatch(text, /undefined|NaN|null/);
    }
  });
});

test('what is seen stays within 8 KB after 90 days, and does not grow', () => {
  const policy = aPolicy({ stabilizationSeconds: 7_200 });
  let memory = aMemory(policy, { minutes: 1 });
  let most = 0;
  const zones = ['europe-west4-a', 'europe-west4-b', 'europe-west4-c'].map((zone) => aZone(zone, 1_234));
  for (let i = 1; i <= 90 * 1_440; i++) {
    const at = NOON + i * MINUTE;
    const daily = 60 + 50 * Math.sin((i / 1_440) * 2 * Math.PI) + ((i * 7_919) % 97) / 7;
    memory = learn(
      memory,
      aSample({
        at,
        requestsPerSecond: daily,
        backlog: i % 1_000,
        ready: 1_234,
        starting: 12,
        saturation: 0.512_345,
      }),
      policy,
    );
    if (i % 1_201 !== 0) continue;
    const seen = aSeen(
      {
        now: at,
        memory,
        zones,
        sample: memory.recent.at(-1)!,
        override: anOverride({ reason: 'x'.repeat(200), until: at + MINUTE }),
        freezes: [aFreeze({ reason: 'y'.repeat(200) }), aFreeze({ reason: 'y'.repeat(200) })],
      },
      policy,
    );
    memory = remember(memory, seen, decide(seen, policy));
    most = Math.max(most, Buffer.byteLength(JSON.stringify(seen)));
  }
  assert.ok(most <= 8_192, `${most} bytes`);
});
