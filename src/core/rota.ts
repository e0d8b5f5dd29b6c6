/** Who is on call and who comes next, from what the pager's rota says. Several people may stand on one level at once. */
import type { Millis } from './model.js';

export interface PagerPerson {
  /** The pager's own id. */
  id: string;
  name: string;
  email: string | null;
  timeZone: string | null;
}

/** One person's turn on one level of an escalation policy. */
export interface Duty {
  person: PagerPerson;
  /** 1 is called first. */
  level: number;
  /** null: always was. */
  from: Millis | null;
  /** null: for good. */
  until: Millis | null;
}

/** On call at `now`, level 1 first, each person once a level; of two turns that touch, the end is the later one. */
export function onDuty(duties: Duty[], now: Millis): Duty[] {
  const open = duties.filter((duty) => isOpen(duty, now)).map((duty) => stretched(duty, duties));
  const seen = new Set<string>();
  return open.sort(byLevel).filter((duty) => {
    const key = `${duty.level}/${duty.person.id}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Who takes over on each level that changes hands: the earliest turns that begin after `now`, of somebody not on duty there. */
export function nextUp(duties: Duty[], now: Millis): Duty[] {
  const standing = onDuty(duties, now);
  const coming = duties.filter(
    (duty) =>
      duty.from !== null &&
      duty.from > now &&
      !standing.some((one) => one.level === duty.level && one.person.id === duty.person.id),
  );
  const levels = [...new Set(coming.map(({ level }) => level))];
  return levels
    .flatMap((level) => {
      const of = coming.filter((duty) => duty.level === level);
      const first = Math.min(...of.map(({ from }) => from ?? 0));
      return of.filter(({ from }) => from === first);
    })
    .sort(byLevel);
}

/** Whether somebody's turn ends, or nobody is on call, and who comes next is not among these: it lies further ahead. */
export function isNextUnknown(duties: Duty[], now: Millis): boolean {
  const standing = onDuty(duties, now);
  const answered = new Set(nextUp(duties, now).map(({ level }) => level));
  if (standing.length === 0) return answered.size === 0;
  return standing.some(({ level, until }) => until !== null && !answered.has(level));
}

const isOpen = ({ from, until }: Duty, now: Millis): boolean =>
  (from === null || from <= now) && (until === null || until > now);

/** A person whose turn is followed at once by another one of theirs is on call until the last of them ends. */
function stretched(duty: Duty, all: Duty[]): Duty {
  let until = duty.until;
  for (let step = 0; step < all.length && until !== null; step += 1) {
    const end: Millis = until;
    const next = all.find(
      (one) =>
        one.level === duty.level &&
        one.person.id === duty.person.id &&
        one.from !== null &&
        one.from <= end &&
        (one.until === null || one.until > end),
    );
    if (next === undefined) break;
    until = next.until;
  }
  return { ...duty, until };
}

const byLevel = (a: Duty, b: Duty): number =>
  a.level - b.level || (a.from ?? 0) - (b.from ?? 0) || a.person.name.localeCompare(b.person.name);
