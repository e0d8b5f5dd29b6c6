import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTraffic, trafficFromTrace } from '../../src/simulation/traffic.js';

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const MONDAY = Date.UTC(2026, 0, 5);
/** Midnight in India. */
const INDIA_MONDAY = MONDAY - 5.5 * 60 * MINUTE;

const dayTotal = (traffic: ReturnType<typeof createTraffic>, start: number, fleet = 'face-match'): number => {
  let sum = 0;
  for (let at = start; at < start + DAY; at += MINUTE) sum += traffic.requestsPerSecond(fleet, at)! * 60;
  return sum;
};

test('an average week brings two million requests a day', () => {
  const traffic = createTraffic({ seed: 1, perDay: 2_000_000 });
  let sum = 0;
  for (let day = 0; day < 7; day++) sum += dayTotal(traffic, INDIA_MONDAY + day * DAY);
  assert.ok(Math.abs(sum / 7 / 2_000_000 - 1) < 0.08, `${sum / 7}`);
});

test('liveness sees 60 % and ocr 40 % of the requests', () => {
  const traffic = createTraffic({ seed: 3, perDay: 1_000 });
  const at = MONDAY + 8 * 60 * MINUTE;
  const all = traffic.requestsPerSecond('face-match', at)!;
  assert.ok(Math.abs(traffic.requestsPerSecond('liveness', at)! / all - 0.6) < 1e-9);
  assert.ok(Math.abs(traffic.requestsPerSecond('ocr', at)! / all - 0.4) < 1e-9);
});

test('the rate depends on the seed and the moment alone', () => {
  const one = createTraffic({ seed: 5, perDay: 2_000_000 });
  const two = createTraffic({ seed: 5, perDay: 2_000_000 });
  const other = createTraffic({ seed: 6, perDay: 2_000_000 });
  const later = one.requestsPerSecond('ocr', MONDAY + DAY);
  assert.equal(two.requestsPerSecond('ocr', MONDAY), one.requestsPerSecond('ocr', MONDAY));
  assert.equal(two.requestsPerSecond('ocr', MONDAY + DAY), later);
  assert.notEqual(other.requestsPerSecond('ocr', MONDAY), one.requestsPerSecond('ocr', MONDAY));
});

test('shops are open from eight to ten in the evening, Indian time, and nights are quiet', () => {
  const traffic = createTraffic({ seed: 2, perDay: 2_000_000 });
  const at = (hour: number) => traffic.requestsPerSecond('face-match', INDIA_MONDAY + hour * 60 * MINUTE)!;
  assert.ok(at(12) > 10 * at(3));
  assert.ok(at(18.5) > 1.2 * at(15));
  assert.ok(dayTotal(traffic, INDIA_MONDAY + 6 * DAY) < 0.85 * dayTotal(traffic, INDIA_MONDAY));
});

test('bursts come now and then', () => {
  const traffic = createTraffic({ seed: 1, perDay: 2_000_000 });
  let jumps = 0;
  for (let at = MONDAY; at < MONDAY + 14 * DAY; at += 10 * MINUTE) {
    const now = traffic.requestsPerSecond('face-match', at)!;
    if (now > 1.25 * traffic.requestsPerSecond('face-match', at - 10 * MINUTE)! && now > 10) jumps++;
  }
  assert.ok(jumps >= 3 && jumps < 80, `${jumps} jumps`);
});

test('a trace gives its counts per second, scaled and shared, and null in its gaps and after its end', () => {
  const traffic = trafficFromTrace({ start: MONDAY, minutes: [60, null, 120] }, 0.5);
  assert.equal(traffic.requestsPerSecond('face-match', MONDAY + 59_999), 0.5);
  assert.equal(traffic.requestsPerSecond('liveness', MONDAY), 0.3);
  assert.equal(traffic.requestsPerSecond('face-match', MONDAY + MINUTE), null);
  assert.equal(traffic.requestsPerSecond('face-match', MONDAY + 2 * MINUTE), 1);
  assert.equal(traffic.requestsPerSecond('face-match', MONDAY + 3 * MINUTE), null);
  assert.equal(traffic.requestsPerSecond('face-match', MONDAY - 1), null);
});
