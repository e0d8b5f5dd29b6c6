/** Scheduled floors and the SLO's business hours: state, not events. */
import { type Cron, lastFiring, parseCron } from './cron.js';
import type { Millis } from './model.js';
import type { Policy, ScheduledFloor } from './policy.js';
import { wallTime } from './time-zone.js';

/**
 * The highest floor of the windows that are open at any time in [from, to]; 0 when none is. `to` lies a start-up ahead,
 * so that workers are ready when a window opens.
 */
export function scheduledFloor(schedule: ScheduledFloor[], from: Millis, to: Millis): number {
  let floor = 0;
  for (const window of schedule) {
    if (window.floor > floor && isOpen(window, from, to)) floor = window.floor;
  }
  return floor;
}

/** Is the window open at any time in [from, to]? */
export function isOpen(window: ScheduledFloor, from: Millis, to: Millis): boolean {
  const since = from - window.durationSeconds * 1_000;
  return lastFiring(cronOf(window.cron), window.timeZone, since, to) !== null;
}

/** Do business hours touch [from, to]? Without hours they always do. */
export function hoursTouch(hours: Policy['slo']['hours'], from: Millis, to: Millis): boolean {
  if (hours === undefined) return true;
  const opens = minuteOf(hours.from);
  const closes = minuteOf(hours.to);
  const inside = (minute: number): boolean =>
    opens < closes ? minute >= opens && minute < closes : minute >= opens || minute < closes;
  const first = wallTime(from, hours.timeZone).minuteOfDay;
  const last = wallTime(to, hours.timeZone).minuteOfDay;
  if (inside(first) || inside(last)) return true;
  const untilOpen = (opens - first + 1_440) % 1_440;
  return untilOpen * 60_000 <= to - from;
}

const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));

/** Parsed lines are pure functions of their text. */
const parsed = new Map<string, Cron>();

function cronOf(line: string): Cron {
  const known = parsed.get(line);
  if (known !== undefined) return known;
  if (parsed.size >= 1_000) parsed.clear();
  const made = parseCron(line);
  parsed.set(line, made);
  return made;
}
