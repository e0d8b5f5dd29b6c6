import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forecast, forecastCurve } from '../../src/core/forecast/forecast.js';
import { emptyMemory, learn } from '../../src/core/learn.js';
import { aMemory, aPolicy, aSample, MINUTE, NOON } from './builders.js';

const policy = aPolicy();

test('a minute that is delivered twice or late is learnt once', () => {
  const once = learn(emptyMemory(), aSample(), policy);
  assert.equal(once.rev, 1);
  assert.equal(learn(once, aSample({ requestsPerSecond: 99 }), policy), once);
  assert.equal(learn(once, aSample({ at: NOON - MINUTE }), policy), once);
});

test('forecasts from the first minute on', () => {
  const { expected, high } = forecast(aMemory(policy, { minutes: 1, rate: 12 }).forecast, NOON, policy);
  assert.equal(expected, 12);
  assert.ok(high! > 12 && high! < 24);
});

test('says nothing before the first known minute', () => {
  assert.equal(forecast(emptyMemory().forecast, NOON, policy).expected, null);
  const unknown = aMemory(policy, { minutes: 30, rate: () => null });
  assert.equal(forecast(unknown.forecast, NOON, policy).expected, null);
});

test('minutes that are missing do not pull the forecast to zero', () => {
  const memory = aMemory(policy, { rate: (minute) => (minute % 3 === 0 ? 20 : null) });
  assert.ok(Math.abs(forecast(memory.forecast, NOON, policy).expected! - 20) < 1);
});

test('an outage of the source does not train', () => {
  const memory = aMemory(policy, { rate: (minute) => (minute >= 210 ? 0 : 20) });
  assert.ok(forecast(memory.forecast, NOON, policy).expected! > 18);
});

test('an outage that stays becomes what is normal', () => {
  const memory = aMemory(policy, { minutes: 600, rate: (minute) => (minute >= 240 ? 0 : 20) });
  assert.ok(forecast(memory.forecast, NOON, policy).expected! < 2);
});

test('foresees a daily jump after a few days of it', () => {
  // At 12:10 each day demand goes from 10 to 40; it is noon.
  const jump = (minute: number): number =>
    (minute + 1) % 1_440 > 10 && (minute + 1) % 1_440 < 130 ? 40 : 10;
  const minutes = 5 * 1_440;
  const memory = aMemory(policy, { minutes, rate: jump });
  const { high } = forecast(memory.forecast, NOON, policy);
  assert.ok(high! > 30, `${high}`);
});

test('complete cycles are counted, those with too many holes are not', () => {
  assert.equal(aMemory(policy, { minutes: 60 }).completeCycles, 3);
  assert.equal(
    aMemory(policy, { minutes: 60, rate: (minute) => (minute % 2 === 0 ? 20 : null) }).completeCycles,
    0,
  );
});

test('minutes that nobody looked at count while the sample before them is fresh, and no longer', () => {
  const each = (gap: number) => {
    let memory = emptyMemory();
    for (let minute = 0; minute <= 60; minute += gap)
      memory = learn(memory, aSample({ at: NOON + minute * 60_000 }), policy);
    return memory.completeCycles;
  };
  assert.equal(each(3), 3);
  assert.equal(each(4), 0);
});

test('the same minutes give the same memory', () => {
  assert.deepEqual(aMemory(policy), aMemory(policy));
});

test('the curve for charts covers the horizon with its margin above the mean', () => {
  const curve = forecastCurve(aMemory(policy), NOON, policy);
  assert.equal(curve.length, 13);
  assert.equal(curve[0]!.at, NOON);
  for (const { mean, high } of curve) assert.ok(high >= mean * 0.8);
});

test('works for cycles of a minute and of a day', () => {
  for (const cycleSeconds of [60, 3_600, 86_400]) {
    const odd = aPolicy({ cycleSeconds });
    const memory = aMemory(odd, { minutes: 3_000, rate: 15 });
    const { expected } = forecast(memory.forecast, NOON, odd);
    assert.ok(Math.abs(expected! - 15) < 1, `${cycleSeconds}: ${expected}`);
    assert.ok(memory.forecast.cycle.pending.length <= 5);
  }
});
