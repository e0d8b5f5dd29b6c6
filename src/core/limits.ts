/** Floor, ceiling, step and freeze: each a leaf that gives the count it allows and why. */
import type { DesiredState, Freeze, Millis } from './model.js';
import type { Policy } from './policy.js';
import type { Step } from './stabilize.js';

export function atLeastFloor(wanted: number, policy: Policy): Step {
  if (wanted >= policy.floor) return { count: wanted };
  return { count: policy.floor, reason: { code: 'floor-limited', wanted, allowed: policy.floor } };
}

export function atMostCeiling(wanted: number, policy: Policy): Step {
  if (wanted <= policy.ceiling) return { count: wanted };
  return { count: policy.ceiling, reason: { code: 'ceiling-limited', wanted, allowed: policy.ceiling } };
}

/**
 * Largest change of one decision, one allocation at the least: a smaller step, rounded to whole allocations, would never
 * move the fleet. Getting back under the ceiling is not slowed by it.
 */
export function stepLimited(wanted: number, current: number, policy: Policy): Step {
  const step = (knob: number | null): number =>
    knob === null ? Infinity : Math.max(knob, policy.workersPerAllocation);
  const most = current + step(policy.stepUp);
  const least = current - step(policy.stepDown);
  const allowed = Math.min(Math.max(Math.min(wanted, most), least), Math.max(wanted, policy.ceiling));
  if (allowed === wanted) return { count: wanted };
  return { count: allowed, reason: { code: 'step-limited', wanted, allowed } };
}

/**
 * 'all' stops every change, 'down' only cuts; 'all' wins where both are open. One that is stored is in force at once: the
 * clock of the machine that it was typed on may be a little ahead of this one's.
 */
export function frozen(wanted: number, current: number, freezes: Freeze[], now: Millis): Step {
  const open = freezes.filter(({ until }) => now < until);
  const freeze = open.find(({ kind }) => kind === 'all') ?? open[0];
  if (freeze === undefined || wanted === current) return { count: wanted };
  if (freeze.kind === 'down' && wanted > current) return { count: wanted };
  return {
    count: current,
    reason: { code: 'frozen', wanted, kept: current, kind: freeze.kind, id: freeze.id },
  };
}

export const isFrozen = (freezes: Freeze[], now: Millis): boolean =>
  freezes.some(({ kind, until }) => kind === 'all' && now < until);

/** The open freeze that keeps a change from being carried out; one of cuts stops those that cut. */
export function stopping(
  freezes: Freeze[],
  now: Millis,
  { placement, from }: Pick<DesiredState, 'placement' | 'from'>,
): Freeze | null {
  const total = placement.reduce((sum, { workers }) => sum + workers, 0);
  return freezes.find(({ kind, until }) => now < until && (kind === 'all' || total < from)) ?? null;
}
