import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { checkSpeed, createSandboxClock } from '../../src/sandbox/sandbox-clock.js';

test('simulated time runs from its anchor at its speed, and goes on from another moment when told', () => {
  let wall = 5_000;
  const clock = createSandboxClock({ simMs: 1_000_000, speed: 60 }, () => wall);
  deepEqual(clock.anchor(), { wallMs: 5_000, simMs: 1_000_000, speed: 60 });
  wall += 250;
  equal(clock.now(), 1_015_000);
  wall += 3_600_000;
  clock.reanchor(1_020_000);
  equal(clock.now(), 1_020_000);
  deepEqual(clock.anchor(), { wallMs: wall, simMs: 1_020_000, speed: 60 });
});

test('a sleep is as much shorter as time is faster, and ends at once when aborted', async () => {
  const clock = createSandboxClock({ simMs: 0, speed: 600 });
  const start = performance.now();
  await clock.sleep(6_000);
  ok(performance.now() - start < 6_000);
  const stop = new AbortController();
  const long = clock.sleep(1e9, stop.signal);
  stop.abort();
  await long;
});

test('speeds outside 1 to 600 are refused with a sentence', () => {
  for (const speed of [1, 60, 600]) equal(checkSpeed(speed), speed);
  for (const speed of [0, 0.5, 601, -1, Number.NaN]) throws(() => checkSpeed(speed), /from 1 to 600/);
});
