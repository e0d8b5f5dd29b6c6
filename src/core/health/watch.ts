/**
 * The alert about workers that are not well: one message from the first that lasts until nobody is.
 *
 *            an illness lasts, or hardly anybody finishes
 *    quiet ───────────────────────────────────────────────> firing ──+ what is seen changes: 'updated'
 *      ^                                                      │  ^───+
 *      +──────────────────────────────────────────────────────+
 *                        3 looks in a row with nobody ill
 */
import type { FleetHealth, HealthState, Ill } from './state.js';

export type HealthEvent = 'fired' | 'updated' | 'resolved';

const CLEAR_LOOKS = 3;

/** Those that people should know of, the worst first. */
export const lasting = ({ ill }: Pick<FleetHealth, 'ill'>): Ill[] =>
  ill.filter(({ confirmed, illness }) => confirmed && illness !== 'waits');

/** `newId` names the alert if this look opens one. */
export function watchHealth(
  before: HealthState | null,
  health: FleetHealth,
  newId: string,
): { state: HealthState; event: HealthEvent | null } {
  const open = before?.alert ?? null;
  const bad = lasting(health).length > 0 || health.stalled !== null;
  if (open === null) {
    if (!bad) return { state: { ...health, alert: null }, event: null };
    const since = Math.min(health.stalled?.since ?? health.at, ...lasting(health).map((one) => one.since));
    return { state: { ...health, alert: { id: newId, since, clear: 0 } }, event: 'fired' };
  }
  // A look at which nobody answered heals nobody.
  const blind = health.asked > 0 && health.answered === 0;
  const clear = bad ? 0 : blind ? open.clear : open.clear + 1;
  if (clear >= CLEAR_LOOKS) return { state: { ...health, alert: null }, event: 'resolved' };
  const state = { ...health, alert: { ...open, clear } };
  return { state, event: shown(before) === shown(health) ? null : 'updated' };
}

/** What a message about it depends on. */
function shown(health: FleetHealth | null): string {
  if (health === null) return '';
  const ill = lasting(health).map(({ worker, slot, illness }) => [worker, slot, illness]);
  return JSON.stringify([
    ill,
    health.degraded,
    health.stalled?.busy ?? null,
    health.stalled?.finishing ?? null,
  ]);
}
