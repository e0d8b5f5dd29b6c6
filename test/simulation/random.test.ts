import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, hashed } from '../../src/simulation/random.js';

const draw = (count: number, one: () => number) => {
  const values = Array.from({ length: count }, one);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count);
  return { mean, cv: deviation / mean };
};

test('a saved state goes on with the very next draw', () => {
  const random = createRandom(42);
  random.gamma(1, 0.5);
  const again = createRandom(JSON.parse(JSON.stringify(random.save())));
  assert.deepEqual(
    [again.next(), again.poisson(9), again.normal()],
    [random.next(), random.poisson(9), random.normal()],
  );
  assert.notEqual(createRandom(1).next(), createRandom(2).next());
});

test('draws have the mean and the variability that was asked for', () => {
  const random = createRandom(9);
  for (const cv of [0.3, 0.5, 1, 1.5]) {
    const gamma = draw(60_000, () => random.gamma(0.6, cv));
    assert.ok(
      Math.abs(gamma.mean / 0.6 - 1) < 0.02 && Math.abs(gamma.cv / cv - 1) < 0.04,
      JSON.stringify(gamma),
    );
    const lognormal = draw(60_000, () => random.lognormal(0.6, cv));
    assert.ok(Math.abs(lognormal.mean / 0.6 - 1) < 0.03, JSON.stringify(lognormal));
  }
  for (const mean of [0.5, 7, 59, 400]) {
    const poisson = draw(40_000, () => random.poisson(mean));
    assert.ok(Math.abs(poisson.mean / mean - 1) < 0.02 && Math.abs(poisson.cv * Math.sqrt(mean) - 1) < 0.03);
  }
});

test('hashed chance is even over its keys', () => {
  const values = Array.from({ length: 20_000 }, (_, i) => hashed(1, i, 3));
  for (let tenth = 0; tenth < 10; tenth++) {
    const count = values.filter((value) => Math.floor(value * 10) === tenth).length;
    assert.ok(Math.abs(count - 2_000) < 200, `${count}`);
  }
});
