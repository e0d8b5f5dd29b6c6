/** Wall time in IANA zones through Intl, DST included; no clock is read. */
import type { Millis } from './model.js';

export interface WallTime {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  /** 0 is Sunday. */
  weekday: number;
  minuteOfDay: number;
}

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

export function wallTime(at: Millis, timeZone: string): WallTime {
  return fromLocal(at + offsetMs(at, timeZone));
}

/** The parts of a local time that is written as if it were UTC. */
export function fromLocal(local: Millis): WallTime {
  const days = Math.floor(local / DAY_MS);
  const { year, month, day } = civil(days);
  return {
    year,
    month,
    day,
    weekday: (((days + 4) % 7) + 7) % 7,
    minuteOfDay: Math.floor((local - days * DAY_MS) / MINUTE_MS),
  };
}

/**
 * The instant of a local time that is written as if it were UTC. A time that the clock skips in spring means the
 * instant right after the gap as long as the gap; one that comes twice in autumn means the first.
 */
export function instantOf(local: Millis, timeZone: string): Millis {
  const before = offsetMs(local - DAY_MS, timeZone);
  const after = offsetMs(local + DAY_MS, timeZone);
  for (const offset of [before, after]) {
    if (offsetMs(local - offset, timeZone) === offset) return local - offset;
  }
  return local - before;
}

/** Local time minus UTC. */
export function offsetMs(at: Millis, timeZone: string): Millis {
  if (timeZone === 'UTC') return 0;
  const zone = zoneOf(timeZone);
  const quarter = Math.floor(at / QUARTER_MS);
  let known = zone.offsets.get(quarter);
  if (known === undefined) {
    const offset = readOffset(quarter * QUARTER_MS, zone.formatter);
    // Some countries change their clocks a minute past the hour.
    known = offset === readOffset((quarter + 1) * QUARTER_MS - 1, zone.formatter) ? offset : 'changes';
    if (zone.offsets.size >= MOST_OFFSETS) zone.offsets.clear();
    zone.offsets.set(quarter, known);
  }
  return known === 'changes' ? readOffset(at, zone.formatter) : known;
}

const QUARTER_MS = 15 * MINUTE_MS;
/** Offsets kept of one zone. */
const MOST_OFFSETS = 2_000;

function readOffset(at: Millis, formatter: Intl.DateTimeFormat): Millis {
  const parts = formatter.formatToParts(at);
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value ?? 0);
  const local =
    Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute')) +
    part('second') * 1_000;
  return local - Math.floor(at / 1_000) * 1_000;
}

interface Zone {
  formatter: Intl.DateTimeFormat;
  /** By the quarter of an hour since 1970 in which they hold. */
  offsets: Map<number, Millis | 'changes'>;
}

/** Formatters are costly to make and to ask, and hold no state; an offset is a pure function of zone and time. */
const zones = new Map<string, Zone>();

function zoneOf(timeZone: string): Zone {
  const known = zones.get(timeZone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const made: Zone = { formatter, offsets: new Map() };
  zones.set(timeZone, made);
  return made;
}

/** Days since 1970-01-01 to a Gregorian date (H. Hinnant's days_from_civil, inverted). */
function civil(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}
