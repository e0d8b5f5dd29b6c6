/**
 * The alert about messages that nobody could deal with: one from the first look that finds too many until they are gone.
 *
 *            more than the limit beyond those let stand
 *    quiet ──────────────────────────────────────────────> firing ──+ their number changes: 'updated'
 *      ^                                                      │  ^──+
 *      +──────────────────────────────────────────────────────+
 *        3 looks in a row without any, or no new one for six hours: those that are left are let stand
 */
import type { Millis } from './model.js';

export interface LettersState {
  v: 1;
  /** In the queue at the newest look. */
  count: number;
  /** Of those, the ones that people have been told of and left there: only what comes on top of them counts. */
  stand: number;
  alert: LettersAlert | null;
}

export interface LettersAlert {
  id: string;
  since: Millis;
  /** When their number last grew. */
  grewAt: Millis;
  most: number;
  /** Looks in a row that found none but those let stand. */
  clear: number;
}

export type LettersEvent = 'fired' | 'updated' | 'resolved';

export const DEAD_LETTERS = 'dead-letters';
/** Whoever leaves them for so long, while no new ones come, has decided to. */
export const LET_STAND_MS = 6 * 3_600_000;
const CLEAR_LOOKS = 3;

/** The alert after one more look, and what there is to tell. `newId` names it if this look opens one. */
export function watchLetters(
  before: LettersState | null,
  count: number,
  limit: number,
  now: Millis,
  newId: string,
): { state: LettersState; event: LettersEvent | null } {
  const stand = Math.min(before?.stand ?? 0, count);
  const open = before?.alert ?? null;
  const quiet = (left: number): LettersState => ({ v: 1, count, stand: left, alert: null });
  if (open === null) {
    if (count - stand <= limit) return { state: quiet(stand), event: null };
    const alert = { id: newId, since: now, grewAt: now, most: count, clear: 0 };
    return { state: { v: 1, count, stand, alert }, event: 'fired' };
  }
  const grewAt = count > (before?.count ?? 0) ? now : open.grewAt;
  const clear = count <= stand ? open.clear + 1 : 0;
  if (clear >= CLEAR_LOOKS) return { state: quiet(stand), event: 'resolved' };
  if (now - grewAt >= LET_STAND_MS) return { state: quiet(count), event: 'resolved' };
  const alert = { ...open, grewAt, clear, most: Math.max(open.most, count) };
  return { state: { v: 1, count, stand, alert }, event: count === before?.count ? null : 'updated' };
}
