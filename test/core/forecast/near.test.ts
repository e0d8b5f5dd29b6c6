import assert from 'node:assert/strict';
import { test } from 'node:test';
import { highUntilNear, nearForecast } from '../../../src/core/forecast/near.js';
import { emptyMemory, learn } from '../../../src/core/learn.js';
import type { Memory } from '../../../src/core/memory.js';
import { policySchema } from '../../../src/core/policy.js';
import { createRandom } from '../../../src/simulation/random.js';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 5);
const policy = policySchema.parse({ zones: ['a', 'b'], startupSeconds: 180 });

/** Learns the rates minute by minute; `each` sees the memory after each. */
function teach(rates: (number | null)[], each: (memory: Memory, index: number) => void = () => {}): Memory {
  let memory = emptyMemory();
  rates.forEach((requestsPerSecond, index) => {
    const at = START + (index + 1) * MINUTE;
    const unknown = { backlog: null, oldestAgeSeconds: null, p95Seconds: null, ready: null, starting: null };
    memory = learn(memory, { at, requestsPerSecond, ...unknown }, policy);
    each(memory, index);
  });
  return memory;
}

const highAt = (memory: Memory, quantile: number, room?: number) =>
  nearForecast(memory.forecast.near, memory.lastAt!, quantile, room);

/** How often the minute that begins three minutes later stayed below, after half a day. */
function coverage(rates: number[], quantile: number): number {
  let covered = 0;
  let judged = 0;
  teach(rates, (memory, index) => {
    const later = rates[index + 4];
    if (index < 720 || later === undefined) return;
    judged++;
    if (later <= highAt(memory, quantile)!.high) covered++;
  });
  return covered / judged;
}

test('about as many minutes stay below the margin as the quantile says, on noise, drift and a daily wave', () => {
  const random = createRandom(11);
  let level = 3.5;
  const shapes: Record<string, (index: number) => number> = {
    noise: () => random.poisson(600) / 60,
    overdispersed: () => random.gamma(20, 0.3),
    drift: () => {
      level = Math.min(5, Math.max(2, level + 0.02 * random.normal()));
      return random.poisson(60 * Math.exp(level)) / 60;
    },
    wave: (index) => random.poisson(60 * (30 + 25 * Math.sin((2 * Math.PI * index) / 1_440))) / 60,
  };
  for (const [name, rate] of Object.entries(shapes)) {
    const rates = Array.from({ length: 4_000 }, (_, index) => rate(index));
    for (const quantile of [0.9, 0.97]) {
      const got = coverage(rates, quantile);
      assert.ok(Math.abs(got - quantile) < 0.04, `${name}: ${got} of ${quantile}`);
    }
  }
});

test('a margin learnt at noon fits the night: it follows the level by its square root', () => {
  const random = createRandom(3);
  const rates = Array.from(
    { length: 2_880 },
    (_, i) => random.poisson(60 * (i % 1_440 < 1_200 ? 100 : 4)) / 60,
  );
  const noon = highAt(teach(rates.slice(0, 1_000)), 0.97)!;
  const night = highAt(teach(rates.slice(0, 1_400)), 0.97)!;
  assert.ok(noon.high / noon.expected < 1.05, `${noon.high / noon.expected}`);
  assert.ok(
    night.high / night.expected > 1.05 && night.high / night.expected < 1.8,
    `${night.high / night.expected}`,
  );
});

test('two minutes far above every level are a new level, one is not', () => {
  const calm = Array.from({ length: 300 }, (_, i) => 20 + (i % 3));
  assert.ok(highAt(teach([...calm, 90]), 0.9)!.expected < 60);
  assert.ok(highAt(teach([...calm, 90, 95]), 0.9)!.expected > 75);
});

test('doors that opened at the same time on two days are expected to open on the third', () => {
  const day = Array.from({ length: 1_440 }, (_, minute) => (minute >= 540 && minute < 1_080 ? 50 : 1));
  const before = teach([...day, ...day, ...day.slice(0, 540)]);
  assert.ok(highAt(before, 0.9)!.expected > 20, `${highAt(before, 0.9)!.expected}`);
  assert.ok(highAt(teach([...day, ...day, ...day.slice(0, 480)]), 0.9)!.expected < 3);
});

test('a wild forecaster cannot run up the bill beyond the highest minute of the last day', () => {
  const random = createRandom(5);
  const rates = Array.from({ length: 2_000 }, () => (random.chance(0.5) ? 60 : 5));
  assert.ok(highAt(teach(rates), 0.999)!.high <= 60 * 1.15 + 1e-6);
});

test('missing minutes leave the forecast as it was for ten minutes and then unknown', () => {
  const calm = Array.from({ length: 200 }, () => 20);
  const near = highAt(teach([...calm, null, null, null]), 0.9)!;
  assert.ok(Math.abs(near.expected - 20) < 1);
  assert.equal(highAt(teach([...calm, ...Array.from({ length: 12 }, () => null)]), 0.9), null);
});

test('room is kept where traffic was too smooth to teach any', () => {
  const near = highAt(teach(Array.from({ length: 500 }, () => 100)), 0.9, 1.1)!;
  assert.ok(near.high >= near.expected * 1.1 - 1e-9);
});

test('until a raise can serve, a cycle keeps what was foreseen for those minutes, and no longer', () => {
  const calm = Array.from({ length: 300 }, (_, i) => 20 + (i % 3));
  const until = (memory: Memory) => highUntilNear(memory.forecast.near, memory.lastAt!, 0.9)!;
  // Two high minutes were believed; the two after them bring the level down again.
  const falling = [...calm, 90, 95, 20, 20];
  const soon = teach(falling);
  assert.ok(until(soon) > highAt(soon, 0.9)!.high, `${until(soon)} ${highAt(soon, 0.9)!.high}`);
  assert.ok(until(soon) >= highAt(teach(falling.slice(0, -2)), 0.9)!.expected);
  const later = teach([...falling, ...calm.slice(0, 60)]);
  assert.ok(until(later) < 1.2 * highAt(later, 0.9)!.high);
});
