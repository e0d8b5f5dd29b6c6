import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCron } from '../../src/core/cron.js';
import { hoursTouch, isOpen, scheduledFloor } from '../../src/core/schedule.js';
import { MINUTE } from './builders.js';

const at = (text: string): number => Date.parse(text);
const window = (cron: string, hours: number, timeZone = 'UTC') => ({
  cron,
  durationSeconds: hours * 3_600,
  timeZone,
  floor: 5,
});

test('a window is open from its firing until its length is over', () => {
  const weekdays = window('0 8 * * 1-5', 2, 'Asia/Kolkata');
  const open = (text: string): boolean => isOpen(weekdays, at(text), at(text));
  assert.equal(open('2026-01-05T02:29:00Z'), false);
  assert.equal(open('2026-01-05T02:30:00Z'), true);
  assert.equal(open('2026-01-05T04:29:00Z'), true);
  assert.equal(open('2026-01-05T04:30:00Z'), false);
  assert.equal(open('2026-01-04T03:00:00Z'), false, 'Sunday');
});

test('a window that opens within the start-up counts already', () => {
  const nine = [window('0 9 * * *', 1)];
  const now = at('2026-01-05T08:58:00Z');
  assert.equal(scheduledFloor(nine, now, now + 3 * MINUTE), 5);
  assert.equal(scheduledFloor(nine, now, now + MINUTE), 0);
});

test('a window across midnight belongs to the day it began', () => {
  const friday = window('0 22 * * FRI', 6);
  assert.ok(isOpen(friday, at('2026-01-10T03:00:00Z'), at('2026-01-10T03:00:00Z')));
  assert.ok(!isOpen(friday, at('2026-01-11T03:00:00Z'), at('2026-01-11T03:00:00Z')));
});

test('the hour that summer time skips or repeats opens a window once', () => {
  const berlin = window('30 2 * * *', 1, 'Europe/Berlin');
  const open = (text: string): boolean => isOpen(berlin, at(text), at(text));
  // 29 March 2026: 02:30 does not exist, it fires at 03:30 summer time.
  assert.equal(open('2026-03-29T01:29:00Z'), false);
  assert.equal(open('2026-03-29T01:30:00Z'), true);
  // 25 October 2026: 02:30 comes twice, the first one fires.
  assert.equal(open('2026-10-25T00:30:00Z'), true);
  assert.equal(open('2026-10-25T01:31:00Z'), false);
});

test('cron lines take lists, steps, names and either day field', () => {
  const cron = parseCron('*/20 8-10 1,15 JAN-MAR mon');
  assert.equal(cron.times.length, 9);
  assert.ok(cron.matchesDay(15, 2, 3));
  assert.ok(cron.matchesDay(2, 2, 1));
  assert.ok(!cron.matchesDay(2, 2, 3));
  for (const wrong of ['* * * *', '60 * * * *', '5-1 * * * *', '*/0 * * * *', 'x * * * *', '* * 0 * *']) {
    assert.throws(() => parseCron(wrong), RangeError, wrong);
  }
});

test('business hours count when they touch the horizon, also across midnight', () => {
  const hours = { from: '08:00', to: '22:00', timeZone: 'Asia/Kolkata' };
  const touches = (text: string, minutes: number): boolean =>
    hoursTouch(hours, at(text), at(text) + minutes * MINUTE);
  assert.equal(touches('2026-01-05T02:00:00Z', 10), false);
  assert.equal(touches('2026-01-05T02:00:00Z', 30), true);
  assert.equal(touches('2026-01-05T16:29:00Z', 1), true);
  assert.equal(touches('2026-01-05T16:31:00Z', 30), false);
  assert.equal(
    hoursTouch(
      { ...hours, from: '22:00', to: '06:00' },
      at('2026-01-05T18:00:00Z'),
      at('2026-01-05T18:00:00Z'),
    ),
    true,
  );
  assert.equal(hoursTouch(undefined, 0, 0), true);
});
