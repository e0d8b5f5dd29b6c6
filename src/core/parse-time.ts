/** Points in time as people write them: '18:00', '6pm', 'tomorrow 18:00', '2026-01-05 18:00', ISO times with a zone. */
import { localTime, momentOf } from './local-time.js';
import type { Millis } from './model.js';

/**
 * A clock time means its next coming in the person's zone: '18:00' typed at 19:00 is tomorrow's. null: no time at all.
 * A date is taken as written, past or not: the caller refuses what is over.
 */
export function parseUntil(text: string, now: Millis, timeZone: string): Millis | null {
  const said = text.trim().toLowerCase().replace(/\s+/g, ' ');
  return isoTime(said, timeZone) ?? clockTime(said, now, timeZone);
}

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[t ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,3})?)?)?\s?(z|utc|[+-]\d{2}:?\d{2})?$/;

function isoTime(said: string, timeZone: string): Millis | null {
  const match = ISO.exec(said);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const local = { year: year!, month: month!, day: day!, hour: hour!, minute: minute!, second: second! };
  if (!exists(local)) return null;
  const zone = match[7];
  if (zone === undefined) return momentOf(local, timeZone);
  const utc = momentOf(local, 'UTC');
  if (zone === 'z' || zone === 'utc') return utc;
  const sign = zone.startsWith('-') ? -1 : 1;
  const digits = zone.replace(/\D/g, '');
  return utc - sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000;
}

/**
 * An ISO 8601 instant with its zone, as programs write it. null: none, or a day that its month does not have, which
 * Date.parse would take for one of the next month.
 */
export function parseInstant(text: string): Millis | null {
  const day = text.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00Z`);
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(day)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

const CLOCK =
  /^(?:(today|tomorrow) )?(?:at )?(\d{1,2})(?::(\d{2}))? ?(am|pm)?( utc| z)?(?: (today|tomorrow))?$/;

function clockTime(said: string, now: Millis, timeZone: string): Millis | null {
  if (said === 'noon' || said === 'midnight') {
    return clockTime(said === 'noon' ? '12:00' : '0:00', now, timeZone);
  }
  const match = CLOCK.exec(said);
  if (match === null) return null;
  const [, dayBefore, hourSaid, minuteSaid, half, utc, dayAfter] = match;
  // A bare number is a count somewhere else in the sentence, not a time.
  if (minuteSaid === undefined && half === undefined) return null;
  const hour = hourOf(Number(hourSaid), half);
  const minute = Number(minuteSaid ?? 0);
  if (hour === null || minute > 59) return null;
  const zone = utc === undefined ? timeZone : 'UTC';
  const today = { ...localTime(now, zone), hour, minute, second: 0 };
  const day = dayBefore ?? dayAfter;
  if (day === 'tomorrow') return momentOf({ ...today, day: today.day + 1 }, zone);
  const at = momentOf(today, zone);
  if (day === 'today' || at > now) return at;
  // In the night that winter time begins an hour comes twice: its second coming may be still ahead.
  const again = at + 3_600_000;
  const shown = localTime(again, zone);
  if (again > now && shown.hour === hour && shown.minute === minute) return again;
  return momentOf({ ...today, day: today.day + 1 }, zone);
}

function hourOf(hour: number, half: string | undefined): number | null {
  if (half === undefined) return hour <= 23 ? hour : null;
  if (hour < 1 || hour > 12) return null;
  return (hour % 12) + (half === 'pm' ? 12 : 0);
}

function exists(local: { year: number; month: number; day: number; hour: number; minute: number }): boolean {
  const { year, month, day, hour, minute } = local;
  const back = localTime(Date.UTC(year, month - 1, day, hour, minute), 'UTC');
  return back.month === month && back.day === day && back.hour === hour && back.minute === minute;
}
