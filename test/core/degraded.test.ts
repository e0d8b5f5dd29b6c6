/** Workers that run and do not serve: what a decision makes of them. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { capacityOf } from '../../src/core/capacity.js';
import { decide } from '../../src/core/decide.js';
import { explain } from '../../src/core/explain.js';
import { wantsGuard } from '../../src/core/guard.js';
import { type Decision, type Seen, target, type ZoneSeen } from '../../src/core/model.js';
import { remember } from '../../src/core/remember.js';
import { aFreeze, anOverride, aPolicy, aSeen, aZone, NOON } from './builders.js';

const codes = ({ reasons }: Decision) => reasons.map(({ code }) => code);
const need = target(decide(aSeen(), aPolicy()));
/** Just as many as needed, in two zones; so many of the first zone do not serve. */
const zones = (ill: number, more: Partial<ZoneSeen> = {}): ZoneSeen[] => {
  const b = Math.floor(need / 2);
  return [aZone('a', need - b, ill === 0 ? more : { degraded: ill, ...more }), aZone('b', b)];
};
const at = (ill: number, more: Partial<Seen> = {}) => aSeen({ zones: zones(ill), ...more });

test('the cycle puts as many on top of the need as do not serve, and says so', () => {
  equal(target(decide(at(0), aPolicy())), need);
  const two = decide(at(2), aPolicy());
  equal(target(two), need + 2);
  ok(codes(two).includes('degraded'));
  match(explain(two, at(2), aPolicy()).join(' '), /2 workers run and do not serve; 2 more stand in/);
  match(
    explain(decide(at(1), aPolicy()), at(1), aPolicy()).join(' '),
    /1 worker runs and does not serve; 1 more stands in/,
  );
});

test('they count as no capacity, and those that start do', () => {
  equal(capacityOf(at(2), aPolicy()).ready, need - 2);
  equal(capacityOf(at(99), aPolicy()).ready, Math.floor(need / 2));
});

test('what stood in is no vote: once all are well again nothing keeps it but the usual caution', () => {
  const raised = decide(at(2), aPolicy());
  const memory = remember(at(2).memory, at(2), raised);
  equal(Math.max(...memory.votes.map((vote) => vote.need)), need);
});

test('where most are ill no more than half of the need is replaced, however often it is decided', () => {
  const policy = aPolicy({ ceiling: 1_000 });
  let [a, b] = [need, need];
  for (let cycle = 0; cycle < 5; cycle += 1) {
    const seen = aSeen({ zones: [aZone('a', a, { degraded: a }), aZone('b', b, { degraded: b })] });
    const decision = decide(seen, policy);
    [a, b] = decision.placement.map(({ workers }) => workers) as [number, number];
  }
  ok(a + b <= Math.max(2 * need, Math.ceil(1.5 * need)), `${a + b} for a need of ${need}`);
  const seen = aSeen({ zones: [aZone('a', need, { degraded: need }), aZone('b', 0)] });
  equal(target(decide(seen, policy)), need + Math.ceil(need / 2));
  match(explain(decide(seen, policy), seen, policy).join(' '), /the cause may be a common one/);
});

test('ceiling, freeze and pin stand above it, and the lack is told', () => {
  const capped = decide(at(2), aPolicy({ ceiling: need }));
  equal(target(capped), need);
  equal(capped.shortOf, 2);
  equal(target(decide(at(2, { freezes: [aFreeze()] }), aPolicy())), need);
  equal(target(decide(at(2, { override: anOverride({ workers: need - 1 }) }), aPolicy())), need - 1);
});

test('a zone that is down has no ill workers, and a rollout has its own workers on top', () => {
  equal(target(decide(aSeen({ zones: zones(2, { up: false }) }), aPolicy())), need);
  const blocked = { kind: 'rollout' as const, id: 'd', since: NOON, detail: 'a rollout' };
  const held = decide(aSeen({ zones: zones(2, { blocked }) }), aPolicy());
  equal(target(held), need, 'new workers would come up with the image that may be the cause');
});

test('the guard raises for it when what serves is not enough, and not before', () => {
  const policy = aPolicy();
  const most = Math.floor(need / 2);
  equal(wantsGuard(at(0), policy), false);
  equal(wantsGuard(at(most), policy), true, `${need - most} serve of ${need}`);
  const raise = decide({ ...at(most), trigger: 'guard' }, policy);
  ok(target(raise) > need && target(raise) <= need + most + 1, `${target(raise)}`);
  const plenty = aSeen({ zones: [aZone('a', 2 * need, { degraded: 1 }), aZone('b', need)] });
  equal(wantsGuard(plenty, policy), false);
});

test('a decision about ill workers decided again is the same', () => {
  const seen = JSON.parse(JSON.stringify(at(2))) as Seen;
  deepEqual(decide(seen, aPolicy()), decide(at(2), aPolicy()));
  ok(JSON.stringify(seen).length < 8_192);
});
