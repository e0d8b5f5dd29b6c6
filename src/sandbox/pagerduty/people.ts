/**
 * The invented account: who is in it, and who is on call. Level 1 is a legacy schedule of twelve-hour turns, level 2 a
 * shift-based (v3) schedule with two people at once, level 3 one person without any schedule.
 */
import type { Millis } from '../../core/model.js';

export interface PagerUser {
  id: string;
  name: string;
  email: string;
  timeZone: string;
}

export const SERVICE = { id: 'PSMUSTER', name: 'ML fleets' };
export const POLICY = { id: 'PEMLOPS', name: 'ML operations' };
export const LEGACY_SCHEDULE = { id: 'PLEGACY', name: 'ML operations, first line' };
export const V3_SCHEDULE = { id: '01J8MUSTERSHIFTS0000000001', name: 'ML operations, second line' };

const asha = { id: 'PUASHA', name: 'Asha Rao', email: 'asha@sandbox.example', timeZone: 'Asia/Kolkata' };
const ravi = { id: 'PURAVI', name: 'Ravi Menon', email: 'ravi@sandbox.example', timeZone: 'Asia/Kolkata' };
const meera = {
  id: 'PUMEERA',
  name: 'Meera Iyer',
  email: 'meera@sandbox.example',
  timeZone: 'Europe/London',
};
/** May look in Slack, but not touch; a responder here. */
const noor = { id: 'PUNOOR', name: 'Noor Khan', email: 'noor@sandbox.example', timeZone: 'Asia/Kolkata' };
/** Only a guest in Slack. */
const gita = {
  id: 'PUGITA',
  name: 'Gita',
  email: 'gita@sandbox.example',
  timeZone: 'America/New_York',
};
/** She has no Slack account: what she clicks is refused with a note. */
const nadia = { id: 'PUNADIA', name: 'Nadia Khan', email: 'nadia@vendor.example', timeZone: 'Asia/Dubai' };
/** Muster's own account in PagerDuty. */
export const botUser: PagerUser = {
  id: 'PUMUSTER',
  name: 'Muster',
  email: 'muster@sandbox.example',
  timeZone: 'UTC',
};

export const pagerUsers: readonly PagerUser[] = [asha, ravi, meera, noor, gita, nadia, botUser];

export const userById = (id: string): PagerUser | null => pagerUsers.find((one) => one.id === id) ?? null;
export const userByEmail = (email: string): PagerUser | null =>
  pagerUsers.find((one) => one.email.toLowerCase() === email.toLowerCase()) ?? null;

export interface Turn {
  user: PagerUser;
  level: number;
  schedule: { id: string; name: string; v3: boolean } | null;
  start: Millis | null;
  end: Millis | null;
}

const HALF_DAY_MS = 12 * 3_600_000;

/** Every turn that touches the time. */
export function turns(from: Millis, to: Millis): Turn[] {
  const first = { ...LEGACY_SCHEDULE, v3: false };
  const second = { ...V3_SCHEDULE, v3: true };
  return [
    ...rotation([asha, ravi], HALF_DAY_MS, from, to).map((turn) => ({ ...turn, level: 1, schedule: first })),
    ...rotation([ravi, asha], HALF_DAY_MS, from, to).map((turn) => ({ ...turn, level: 2, schedule: second })),
    ...rotation([nadia], 2 * HALF_DAY_MS, from, to).map((turn) => ({ ...turn, level: 2, schedule: second })),
    { user: ravi, level: 3, schedule: null, start: null, end: null },
  ];
}

function rotation(
  people: PagerUser[],
  lengthMs: Millis,
  from: Millis,
  to: Millis,
): { user: PagerUser; start: Millis; end: Millis }[] {
  const result: { user: PagerUser; start: Millis; end: Millis }[] = [];
  for (let n = Math.floor(from / lengthMs); n * lengthMs <= to && result.length < 200; n += 1) {
    result.push({ user: people[n % people.length]!, start: n * lengthMs, end: (n + 1) * lengthMs });
  }
  return result;
}
