/** A moment on the wall clock of an IANA time zone, without any clock of its own. */
import type { Millis } from './model.js';

export interface LocalTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

export function localTime(at: Millis, timeZone: string): LocalTime {
  const parts = partsOf(at, timeZone);
  const number = (type: string): number => Number(parts.get(type));
  return {
    year: number('year'),
    month: number('month'),
    day: number('day'),
    hour: number('hour'),
    minute: number('minute'),
    second: number('second'),
  };
}

/**
 * The moment at which the zone's clocks show this. A time that the change to summer time skips is taken as if the
 * clocks had not been changed; one that comes twice is its first coming.
 */
export function momentOf(local: LocalTime, timeZone: string): Millis {
  const { year, month, day, hour, minute, second } = local;
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second);
  const early = asUtc - offsetMs(asUtc - 86_400_000, timeZone);
  if (offsetMs(early, timeZone) === asUtc - early) return early;
  const late = asUtc - offsetMs(early, timeZone);
  return offsetMs(late, timeZone) === asUtc - late ? late : early;
}

/** '18:00 UTC', or 'Mon 5 Jan 18:00 UTC' where the day matters. */
export function showTime(at: Millis, timeZone = 'UTC', style: 'time' | 'date-time' = 'time'): string {
  const parts = partsOf(at, timeZone);
  const get = (type: string): string => parts.get(type) ?? '';
  const clock = `${get('hour')}:${get('minute')} ${zoneName(timeZone)}`;
  if (style === 'time') return clock;
  return `${get('weekday')} ${Number(get('day'))} ${monthName(at, timeZone)} ${clock}`;
}

/** 'Mon 5 Jan 18:00 UTC' when the moment is more than 18 h from now, else '18:00 UTC'. */
export function showWhen(at: Millis, now: Millis, timeZone = 'UTC'): string {
  return showTime(at, timeZone, Math.abs(at - now) > 18 * 3_600_000 ? 'date-time' : 'time');
}

function offsetMs(at: Millis, timeZone: string): number {
  const { year, month, day, hour, minute, second } = localTime(at, timeZone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1_000) * 1_000;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function partsOf(at: Millis, timeZone: string): Map<string, string> {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(timeZone, format);
  }
  return new Map(format.formatToParts(at).map((part) => [part.type, part.value]));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function monthName(at: Millis, timeZone: string): string {
  return MONTHS[localTime(at, timeZone).month - 1] ?? '';
}

/** 'UTC', or the zone's city: abbreviations such as IST name three zones. */
function zoneName(timeZone: string): string {
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC') return 'UTC';
  return (timeZone.split('/').at(-1) ?? timeZone).replaceAll('_', ' ');
}
