import assert from 'node:assert/strict';
import { test } from 'node:test';
import { erlangC, latencyTail, type SizingQuestion, workersFor } from '../../src/core/sizing.js';

const mmk = (requestsPerSecond: number, serviceSeconds: number): SizingQuestion => ({
  requestsPerSecond,
  serviceSeconds,
  serviceCv: 1,
  objectiveSeconds: 3,
  quantile: 0.95,
});

test('Erlang C of 6 workers at 2.5 erlangs is 0.0474', () => {
  assert.ok(Math.abs(erlangC(6, 2.5) - 0.0474) < 5e-5);
});

test('sizes the golden loads for p95 within 3 s exactly', () => {
  const loads = [2, 10, 23.15, 60, 150];
  assert.deepEqual(
    loads.map((rate) => workersFor(mmk(rate, 0.8))),
    [3, 10, 21, 50, 122],
  );
  assert.deepEqual(
    loads.map((rate) => workersFor(mmk(rate, 0.5))),
    [2, 6, 13, 31, 76],
  );
});

test('equals the closed form of M/M/k within a hundredth of a point', () => {
  for (const [k, rate] of [
    [3, 2],
    [10, 11],
    [21, 23.15],
    [122, 150],
  ] as const) {
    const load = rate * 0.8;
    const x = k - 1 - load;
    const exact = Math.exp(-3 / 0.8) * (1 + (erlangC(k, load) * (1 - Math.exp((-3 / 0.8) * x))) / x);
    const ours = latencyTail(mmk(rate, 0.8), k, 3);
    assert.ok(Math.abs(ours - exact) < 1e-4, `${k} workers: ${ours} against ${exact}`);
  }
});

test('no load needs no workers, and more load never fewer', () => {
  assert.equal(workersFor(mmk(0, 0.8)), 0);
  let last = 0;
  for (let rate = 0.1; rate < 15_000; rate *= 1.3) {
    const k = workersFor({ ...mmk(rate, 0.6), serviceCv: 0.5 });
    assert.ok(k >= last && k > rate * 0.6);
    last = k;
  }
});

test('an objective that service alone misses still gives a finite count', () => {
  assert.ok(workersFor({ ...mmk(10, 4), objectiveSeconds: 3 }) < 60);
  assert.ok(Number.isFinite(workersFor(mmk(1e9, 0.8))));
});

test('agrees with a simulation of every request to within one worker', () => {
  for (const cv of [0.2, 0.5, 1, 1.5]) {
    for (const rate of [2, 12, 45]) {
      const question = { ...mmk(rate, 0.6), serviceCv: cv };
      const ours = workersFor(question);
      const simulated = fewestBySimulation(question, ours);
      assert.ok(Math.abs(ours - simulated) <= 1, `cv ${cv}, ${rate}/s: ${ours} against ${simulated}`);
    }
  }
});

function fewestBySimulation(question: SizingQuestion, guess: number): number {
  for (let k = Math.max(1, guess - 3); k <= guess + 3; k++) {
    if (lateShare(question, k) <= 1 - question.quantile) return k;
  }
  return guess + 4;
}

/** First come, first served on k workers; gamma service times, Poisson arrivals, a fixed seed. */
function lateShare(
  { requestsPerSecond, serviceSeconds, serviceCv, objectiveSeconds }: SizingQuestion,
  k: number,
): number {
  const random = seeded(7);
  const free = new Float64Array(k);
  const requests = 40_000;
  let now = 0;
  let late = 0;
  for (let i = 0; i < requests; i++) {
    now -= Math.log(1 - random()) / requestsPerSecond;
    let first = 0;
    for (let j = 1; j < k; j++) if (free[j]! < free[first]!) first = j;
    const end = Math.max(now, free[first]!) + gamma(serviceSeconds, serviceCv, random);
    free[first] = end;
    if (end - now > objectiveSeconds) late += 1;
  }
  return late / requests;
}

/** Marsaglia and Tsang's method; shapes below one by the usual power. */
function gamma(mean: number, cv: number, random: () => number): number {
  const shape = 1 / (cv * cv);
  const boosted = shape < 1 ? shape + 1 : shape;
  const d = boosted - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const v = (1 + c * normal) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * normal * normal + d - d * v + d * Math.log(v)) {
      const value = shape < 1 ? d * v * (1 - random()) ** (1 / shape) : d * v;
      return (value * mean) / shape;
    }
  }
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
