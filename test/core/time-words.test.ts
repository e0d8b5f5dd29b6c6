import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration, showDuration } from '../../src/core/duration.js';
import { momentOf, showTime } from '../../src/core/local-time.js';
import { nearest } from '../../src/core/nearest.js';
import { parseUntil } from '../../src/core/parse-time.js';

const iso = (text: string): number => Date.parse(text);

test('durations are read as people write them', () => {
  const cases: [string, number | null][] = [
    ['2h', 7_200],
    ['1h30m', 5_400],
    ['1 h 20 m', 4_800],
    ['90 minutes', 5_400],
    ['an hour', 3_600],
    ['1 day and 2 hours', 93_600],
    ['1.5h', 5_400],
    ['45s', 45],
    ['0h', 0],
    ['2', null],
    ['h', null],
    ['-2h', null],
    ['2 fortnights', null],
    ['', null],
  ];
  for (const [text, seconds] of cases) equal(parseDuration(text), seconds, text);
});

test('durations are shown in their two largest units', () => {
  equal(showDuration(4_800), '1 h 20 m');
  equal(showDuration(45), '45 s');
  equal(showDuration(3_600), '1 h');
  equal(showDuration(90_061), '1 d 1 h');
  equal(showDuration(0), '0 s');
});

test('an hour that comes twice has its second coming, too', () => {
  const at = (now: string) => parseUntil('01:30', iso(now), 'Europe/London');
  equal(at('2026-10-25T00:10:00Z'), iso('2026-10-25T00:30:00Z'));
  equal(at('2026-10-25T00:45:00Z'), iso('2026-10-25T01:30:00Z'));
  equal(at('2026-10-25T01:45:00Z'), iso('2026-10-26T01:30:00Z'));
});

test('a clock time is its next coming in the zone of who typed it', () => {
  const now = iso('2026-01-05T12:30:00Z');
  const cases: [string, string, string | null][] = [
    ['18:00', 'UTC', '2026-01-05T18:00:00Z'],
    ['18:00', 'Asia/Kolkata', '2026-01-06T12:30:00Z'],
    ['18:01', 'Asia/Kolkata', '2026-01-05T12:31:00Z'],
    ['6pm', 'Europe/London', '2026-01-05T18:00:00Z'],
    ['12am', 'UTC', '2026-01-06T00:00:00Z'],
    ['noon', 'UTC', '2026-01-06T12:00:00Z'],
    ['tomorrow 09:00', 'UTC', '2026-01-06T09:00:00Z'],
    ['09:00 tomorrow', 'America/New_York', '2026-01-06T14:00:00Z'],
    ['18:00 UTC', 'Asia/Kolkata', '2026-01-05T18:00:00Z'],
    ['2026-01-05 18:00', 'Asia/Kolkata', '2026-01-05T12:30:00Z'],
    ['2026-01-05T18:00+05:30', 'UTC', '2026-01-05T12:30:00Z'],
    ['2026-01-05T18:00:00Z', 'Asia/Kolkata', '2026-01-05T18:00:00Z'],
    ['18', 'UTC', null],
    ['25:00', 'UTC', null],
    ['13pm', 'UTC', null],
    ['2026-02-30 10:00', 'UTC', null],
    ['whenever', 'UTC', null],
  ];
  for (const [text, zone, expected] of cases) {
    equal(parseUntil(text, now, zone), expected === null ? null : iso(expected), `${text} in ${zone}`);
  }
});

test('a time that summer time skips or repeats is one moment', () => {
  const local = { year: 2026, month: 3, day: 29, hour: 1, minute: 30, second: 0 };
  equal(momentOf(local, 'Europe/London'), iso('2026-03-29T01:30:00Z'));
  const twice = { year: 2026, month: 10, day: 25, hour: 1, minute: 30, second: 0 };
  equal(momentOf(twice, 'Europe/London'), iso('2026-10-25T00:30:00Z'));
});

test('times are shown with their zone', () => {
  const at = iso('2026-01-05T12:30:00Z');
  equal(showTime(at, 'UTC', 'date-time'), 'Mon 5 Jan 12:30 UTC');
  equal(showTime(at, 'America/New_York'), '07:30 New York');
});

test('the nearest word is one that could have been meant', () => {
  const fleets = ['face-match', 'liveness', 'ocr'];
  equal(nearest('facematch', fleets), 'face-match');
  equal(nearest('livness', fleets), 'liveness');
  equal(nearest('orc', fleets), 'ocr');
  equal(nearest('live', fleets), 'liveness');
  equal(nearest('payments', fleets), null);
  equal(nearest('x', fleets), null);
});
