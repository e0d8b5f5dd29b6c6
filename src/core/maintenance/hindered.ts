/** When a maintenance asks a person: what keeps it from going on, and until when help helps. */
import type { Millis } from '../model.js';
import { type Asked, type MaintenanceState, type Phase, RESERVE_MS } from './state.js';

const MINUTE = 60_000;
/** So long before its hour a person who is needed hears of it. */
export const NEAR_MS = 3 * RESERVE_MS;
/** A peer that failed for so long fails again. */
const HINDERED_MS = MINUTE;
export const HINDERED_LONG_MS = 15 * MINUTE;
const UNTIL_EMPTY: ReadonlySet<Phase> = new Set(['waiting', 'fencing', 'surging', 'draining']);

/**
 * A peer that does not do what must be done. It is tried again; a person hears of it when that goes on and the hour is near,
 * or for long.
 */
export function hindered(state: MaintenanceState, detail: string, now: Millis): MaintenanceState {
  const next = { ...state, hindered: { since: state.hindered?.since ?? now, detail } };
  if (state.asked !== null || !isHindered(next, now)) return next;
  const { deadlineAt } = state;
  const isPressed = deadlineAt !== null && UNTIL_EMPTY.has(state.phase);
  if (isPressed && deadlineAt - now <= NEAR_MS)
    return asking(next, { why: 'hindered', detail, by: helpsUntil(deadlineAt, now) }, now);
  const isLong = now - next.hindered.since >= HINDERED_LONG_MS;
  return isLong && state.phase !== 'waiting'
    ? asking(next, { why: 'hindered', detail, by: null }, now)
    : next;
}

/** What must be done is done again. */
export function unhindered({ hindered: _over, ...state }: MaintenanceState): MaintenanceState {
  return state.asked?.why === 'hindered' ? { ...state, asked: null } : state;
}

/** Not for a moment only. */
export const isHindered = ({ hindered: by }: MaintenanceState, now: Millis): boolean =>
  by !== undefined && now - by.since >= HINDERED_MS;

/** The last moment before it is drained all the same, or the stop itself when that has passed. */
const helpsUntil = (deadlineAt: Millis, now: Millis): Millis =>
  now < deadlineAt - RESERVE_MS ? deadlineAt - RESERVE_MS : deadlineAt;

/** Asked once: the same request keeps its hour. */
export function asking(state: MaintenanceState, ask: Omit<Asked, 'at'>, now: Millis): MaintenanceState {
  if (state.asked?.why === ask.why) return state;
  return { ...state, asked: { ...ask, at: now } };
}
