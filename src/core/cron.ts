/** Five-field cron lines: minute, hour, day of month, month, day of week; lists, ranges, steps and names. */
import type { Millis } from './model.js';
import { DAY_MS, fromLocal, instantOf, MINUTE_MS, offsetMs } from './time-zone.js';

export interface Cron {
  /** Minutes of the day at which it fires, descending. */
  times: number[];
  matchesDay(day: number, month: number, weekday: number): boolean;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** Throws RangeError with the field that is wrong. */
export function parseCron(line: string): Cron {
  const fields = line.trim().split(/\s+/);
  if (fields.length !== 5) throw new RangeError(`"${line}" must have five fields`);
  const [minute, hour, day, month, weekday] = fields as [string, string, string, string, string];
  const minutes = parseField(minute, 0, 59, 'minute');
  const hours = parseField(hour, 0, 23, 'hour');
  const days = parseField(day, 1, 31, 'day of month');
  const months = parseField(month, 1, 12, 'month', MONTHS, 1);
  const weekdays = new Set([...parseField(weekday, 0, 7, 'day of week', WEEKDAYS, 0)].map((d) => d % 7));
  const times = [...hours].flatMap((h) => [...minutes].map((m) => h * 60 + m)).sort((a, b) => b - a);
  // Old custom: when both day fields are restricted, either is enough.
  const either = !day.startsWith('*') && !weekday.startsWith('*');
  return {
    times,
    matchesDay: (d, m, w) =>
      months.has(m) && (either ? days.has(d) || weekdays.has(w) : days.has(d) && weekdays.has(w)),
  };
}

/** The newest firing at or before `at` and after `since`; null when there is none. */
export function lastFiring(cron: Cron, timeZone: string, since: Millis, at: Millis): Millis | null {
  const oldest = since - DAY_MS;
  const today = Math.floor((at + offsetMs(at, timeZone)) / DAY_MS) * DAY_MS;
  for (let midnight = today; midnight >= oldest; midnight -= DAY_MS) {
    const { day, month, weekday } = fromLocal(midnight);
    if (!cron.matchesDay(day, month, weekday)) continue;
    for (const time of cron.times) {
      const instant = instantOf(midnight + time * MINUTE_MS, timeZone);
      if (instant <= at) return instant > since ? instant : null;
    }
  }
  return null;
}

function parseField(
  text: string,
  least: number,
  most: number,
  name: string,
  names: string[] = [],
  firstName = 0,
): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range, stepText] = part.split('/') as [string, string | undefined];
    const step = stepText === undefined ? 1 : number(stepText, name);
    const [from, to] = bounds(range, least, most, stepText !== undefined, (word) => {
      const index = names.indexOf(word.toUpperCase());
      return index >= 0 ? index + firstName : number(word, name);
    });
    if (!(step >= 1 && from >= least && to <= most && from <= to)) {
      throw new RangeError(`${name} "${part}" must lie in ${least}-${most}`);
    }
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

function bounds(
  range: string,
  least: number,
  most: number,
  stepped: boolean,
  read: (word: string) => number,
): [number, number] {
  if (range === '*') return [least, most];
  const [from, to] = range.split('-') as [string, string | undefined];
  const start = read(from);
  return [start, to === undefined ? (stepped ? most : start) : read(to)];
}

function number(text: string, name: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new RangeError(`${name} "${text}" is not a number`);
  return Number(text);
}
