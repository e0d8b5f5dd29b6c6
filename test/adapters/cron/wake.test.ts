import { deepEqual, equal } from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { wakeAtEdges } from '../../../src/adapters/cron/wake.js';

const HOUR = 3_600_000;
/** A Monday. */
const MONDAY = Date.UTC(2026, 0, 5);
const office = { fleet: 'ocr', cron: '30 8 * * 1-5', durationSeconds: 2 * 3_600, timeZone: 'Asia/Kolkata' };

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: MONDAY }));
afterEach(() => mock.timers.reset());

/** Lets so much time pass, in steps small enough for each firing to set the next one. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 30_000) {
    mock.timers.tick(Math.min(left, 30_000));
    for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
  }
}

test('wakes a fleet when its window opens and when it closes, in the zone of the window', async () => {
  const woken: [string, number][] = [];
  const edges = wakeAtEdges(
    [office],
    (fleet) => void woken.push([fleet, Math.floor(Date.now() / 60_000) * 60_000]),
  );
  // 08:30 in Kolkata is 03:00 UTC.
  deepEqual(edges.next(), [{ fleet: 'ocr', at: MONDAY + 3 * HOUR }]);
  await pass(6 * HOUR);
  deepEqual(woken, [
    ['ocr', MONDAY + 3 * HOUR],
    ['ocr', MONDAY + 5 * HOUR],
  ]);
  edges.stop();
});

test('a process that starts inside a window still wakes at its end', async () => {
  mock.timers.setTime(MONDAY + 4 * HOUR);
  let woken = 0;
  const edges = wakeAtEdges([office], () => {
    woken += 1;
  });
  await pass(HOUR + 60_000);
  equal(woken, 1);
  edges.stop();
});

test('after a stop nobody is woken', async () => {
  let woken = 0;
  const edges = wakeAtEdges([office], () => {
    woken += 1;
  });
  await pass(4 * HOUR);
  equal(woken, 1);
  edges.stop();
  await pass(48 * HOUR);
  equal(woken, 1);
});
