/** Leaves that keep a count from falling too soon. Each gives the count it allows and, when it changed it, its reason. */

import type { Memory } from './memory.js';
import type { Millis } from './model.js';
import type { Policy } from './policy.js';
import { stabilizationSeconds } from './presets.js';
import type { Reason } from './reasons.js';

export interface Step {
  count: number;
  reason?: Reason;
}

/** A lower need must have persisted for the window: the highest need voted within it is kept. */
export function stabilize(
  wanted: number,
  current: number,
  memory: Memory,
  now: Millis,
  policy: Policy,
): Step {
  const windowSeconds = stabilizationSeconds(policy);
  if (wanted >= current || windowSeconds === 0) return { count: wanted };
  const highest = memory.votes
    .filter((vote) => vote.at >= now - windowSeconds * 1_000)
    .reduce((most, vote) => Math.max(most, vote.need), wanted);
  const kept = Math.min(current, highest);
  return kept === wanted
    ? { count: wanted }
    : { count: kept, reason: { code: 'stabilized', wanted, kept, windowSeconds } };
}

/** No cut soon after a raise. */
export function coolDown(wanted: number, current: number, memory: Memory, now: Millis, policy: Policy): Step {
  if (wanted >= current || memory.lastRaiseAt === null) return { count: wanted };
  const remainingSeconds = Math.ceil((memory.lastRaiseAt + policy.cooldownSeconds * 1_000 - now) / 1_000);
  if (remainingSeconds <= 0) return { count: wanted };
  return { count: current, reason: { code: 'cooldown', wanted, kept: current, remainingSeconds } };
}

/** After first contact nothing is cut before enough cycles have been seen. */
export function firstContact(wanted: number, current: number, memory: Memory, policy: Policy): Step {
  const cyclesNeeded = policy.firstContactCycles;
  const cyclesSeen = memory.completeCycles;
  if (wanted >= current || cyclesSeen >= cyclesNeeded) return { count: wanted };
  return {
    count: current,
    reason: { code: 'hold-first-contact', wanted, kept: current, cyclesSeen, cyclesNeeded },
  };
}
