import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { instantOf, offsetMs } from '../../src/core/time-zone.js';

const MINUTE = 60_000;

test('an offset holds to the last millisecond before the clocks change, however often it is asked', () => {
  const changes: [string, number, number, number][] = [
    ['Europe/Berlin', Date.UTC(2026, 2, 29, 1, 0), 60, 120],
    ['Asia/Kathmandu', Date.UTC(1985, 11, 31, 18, 30), 330, 345],
    // Not at a full quarter of an hour.
    ['America/St_Johns', Date.UTC(2010, 10, 7, 2, 31), -150, -210],
    ['Antarctica/Casey', Date.UTC(2021, 9, 2, 16, 1), 480, 660],
  ];
  for (const [zone, at, before, after] of changes)
    for (const _ of ['first', 'again']) {
      equal(offsetMs(at - 1, zone), before * MINUTE, zone);
      equal(offsetMs(at, zone), after * MINUTE, zone);
      equal(offsetMs(at + 20 * MINUTE, zone), after * MINUTE, zone);
    }
});

test('a local time that comes twice means the first', () => {
  const local = Date.UTC(2026, 9, 25, 2, 30);
  equal(instantOf(local, 'Europe/Berlin'), Date.UTC(2026, 9, 25, 0, 30));
});
