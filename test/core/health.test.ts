import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { judgeHealth } from '../../src/core/health/judge.js';
import type { AskedWorker, FleetHealth, HealthState, SlotHealth } from '../../src/core/health/state.js';
import { watchHealth } from '../../src/core/health/watch.js';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 5, 12);
const LIMIT = 2 * MINUTE;

const well = (now: number): SlotHealth => ({
  modelLoaded: true,
  deviceHealthy: true,
  lastSuccessAt: now - 2_000,
  inFlight: 1,
});

type Says = (now: number) => SlotHealth | null | (SlotHealth | null)[];

/** Looks once a minute at workers w0, w1 …, two on a node. */
function looks(minutes: number, workers: Says[], before: FleetHealth | null = null, from = NOW): FleetHealth {
  let health = before;
  for (let n = 0; n <= minutes; n += 1) {
    const now = from + n * MINUTE;
    const asked = workers.map((says, at): AskedWorker => {
      const said = says(now);
      const slots = said === null || Array.isArray(said) ? said : [said];
      const node = Math.floor(at / 2);
      return { id: `w${at}`, zone: 'a', nodeId: `n${node}`, workers: slots?.length ?? 1, slots };
    });
    health = judgeHealth(asked, health, now, LIMIT);
  }
  return health!;
}

const stuckSince =
  (at: number): Says =>
  () => ({ ...well(0), lastSuccessAt: at });
const device: Says = (now) => ({ ...well(now), deviceHealthy: false });
const illOf = ({ ill }: FleetHealth) =>
  ill.map(({ worker, illness, confirmed }) => [worker, illness, confirmed]);

test('all well: nobody is ill, everybody counts', () => {
  const health = looks(10, [well, well, well]);
  deepEqual(
    [health.asked, health.answered, health.ill, health.degraded, health.stalled],
    [3, 3, [], [], null],
  );
});

test('a bad device and a missing model serve nothing at once, and are for people when they last', () => {
  const model: Says = (now) => ({ ...well(now), modelLoaded: false });
  const first = looks(0, [well, device, model]);
  deepEqual(first.degraded, [{ zone: 'a', workers: 2 }]);
  deepEqual(illOf(first), [
    ['w1', 'device', false],
    ['w2', 'no-model', false],
  ]);
  deepEqual(illOf(looks(2, [well, device, model])), [
    ['w1', 'device', true],
    ['w2', 'no-model', true],
  ]);
});

test('a worker that holds work and finishes none, while others finish, is stuck after the limit', () => {
  const some = [well, stuckSince(NOW - 3 * MINUTE), well];
  deepEqual(illOf(looks(1, some)), [['w1', 'waits', false]]);
  deepEqual(looks(1, some).degraded, [], 'it counts until it is known');
  const later = looks(2, some);
  deepEqual(illOf(later), [['w1', 'stuck', true]]);
  deepEqual(later.degraded, [{ zone: 'a', workers: 1 }]);
});

test('one that was idle for an hour and has just taken a request is not stuck', () => {
  // A new request each minute, each finished before the next look.
  const idle: Says = (now) => ({ ...well(now), lastSuccessAt: now - 60 * MINUTE + (now - NOW) / 2 });
  deepEqual(
    illOf(looks(6, [well, well, idle])).filter(([, illness]) => illness === 'stuck'),
    [],
  );
  const empty: Says = () => ({ ...well(0), lastSuccessAt: NOW - 60 * MINUTE, inFlight: 0 });
  deepEqual(illOf(looks(6, [well, empty])), []);
});

test('one that never finished anything since it started is stuck, too', () => {
  const never: Says = (now) => ({ ...well(now), lastSuccessAt: null });
  deepEqual(illOf(looks(3, [well, well, never])), [['w2', 'stuck', true]]);
});

test('nobody finishes anything: the cause is a common one, and nobody is called stuck', () => {
  const out = stuckSince(NOW - 3 * MINUTE);
  const health = looks(5, [out, out, out]);
  deepEqual([health.stalled?.busy, health.stalled?.finishing], [3, 0]);
  equal(
    health.ill.every(({ illness }) => illness === 'waits'),
    true,
  );
  deepEqual(health.degraded, [], 'more of the same would wait, too');
});

test('more are stuck than finish: a common cause; as many finish as are stuck: they are stuck', () => {
  const out = stuckSince(NOW - 3 * MINUTE);
  deepEqual(looks(3, [out, out, well]).stalled?.finishing, 1);
  const half = looks(3, [out, out, well, well]);
  deepEqual([half.stalled, half.degraded], [null, [{ zone: 'a', workers: 2 }]]);
});

test('a storage that goes out while one is stuck for long is found to be a common cause', () => {
  const early = stuckSince(NOW - 3 * MINUTE);
  const alone = looks(10, [early, well, well]);
  equal(alone.stalled, null);
  const outAt = NOW + 10 * MINUTE;
  const out = looks(6, [early, stuckSince(outAt), stuckSince(outAt)], alone, outAt + MINUTE);
  deepEqual([out.stalled?.busy, out.degraded], [3, []]);
});

test('at night one request in ten minutes is enough to tell a stuck worker from a stall', () => {
  const rare: Says = (now) => ({ ...well(now), lastSuccessAt: NOW + MINUTE, inFlight: 0 });
  deepEqual(looks(8, [stuckSince(NOW - 3 * MINUTE), rare]).stalled, null);
});

test('no answer is unknown: it counts as running, and what was known stands for ten minutes', () => {
  const mute: Says = () => null;
  const health = looks(3, [well, mute]);
  deepEqual([health.answered, health.degraded], [1, []]);
  const ill = looks(3, [well, device]);
  deepEqual(looks(5, [well, mute], ill, NOW + 4 * MINUTE).degraded, [{ zone: 'a', workers: 1 }]);
  deepEqual(looks(5, [well, mute], ill, NOW + 14 * MINUTE).degraded, []);
});

test('silence is worth a word after ten minutes, and only where others speak', () => {
  const mute: Says = () => null;
  deepEqual(illOf(looks(9, [well, mute])), [['w1', 'silent', false]]);
  deepEqual(illOf(looks(10, [well, mute])), [['w1', 'silent', true]]);
  deepEqual(illOf(looks(10, [mute, mute])), []);
});

test('an answer of several slots counts what serves; slots that it does not name are unknown', () => {
  const some: Says = (now) => [well(now), { ...well(now), deviceHealthy: false }, null];
  const health = looks(2, [some, well]);
  deepEqual([health.asked, health.answered, health.degraded], [4, 3, [{ zone: 'a', workers: 1 }]]);
  equal(health.ill.find(({ illness }) => illness === 'device')?.slot, 1);
});

test('a clock that is far ahead hides nothing', () => {
  const ahead: Says = () => ({ ...well(0), lastSuccessAt: NOW + 600 * MINUTE });
  deepEqual(illOf(looks(3, [ahead, well, well])), [['w0', 'stuck', true]]);
});

test('a thousand ill workers are counted, and only some are remembered: the record stays small', () => {
  const health = looks(
    3,
    Array.from({ length: 1_000 }, () => device),
  );
  deepEqual(health.degraded, [{ zone: 'a', workers: 1_000 }]);
  equal(health.ill.length, 48);
  equal(JSON.stringify(health).length < 12_000, true);
});

test('the alert fires when an illness lasts, is updated when it changes, and ends after three good looks', () => {
  let state: HealthState | null = null;
  const events: (string | null)[] = [];
  const look = (minute: number, workers: Says[]): void => {
    const health = looks(0, workers, state, NOW + minute * MINUTE);
    const step = watchHealth(state, health, `a${minute}`);
    state = step.state;
    events.push(step.event);
  };
  for (let n = 0; n < 3; n += 1) look(n, [well, device]);
  deepEqual(events, [null, null, 'fired']);
  look(3, [well, device]);
  equal(events.at(-1), null, 'nothing new, nothing said');
  look(4, [() => null, () => null]);
  equal(events.at(-1), null, 'nobody answers: nothing is healed');
  for (let n = 5; n < 8; n += 1) look(n, [well, well]);
  deepEqual(events.slice(-3), ['updated', null, 'resolved']);
  equal((state as HealthState | null)?.alert, null);
});
