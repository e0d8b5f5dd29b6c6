import { toReplace } from './capacity.js';
import { decide } from './decide.js';
import type { Seen } from './model.js';
import type { Policy } from './policy.js';
import { runningCount } from './running.js';
import { guardNeed } from './threat.js';

/**
 * Would a decision with the trigger 'guard' change anything now? Asked each minute: the watch itself is cheap, and the
 * whole decision is made only when it sees something, so that limits and freezes have had their say.
 */
export function wantsGuard(seen: Seen, policy: Policy): boolean {
  const { zones } = seen;
  if (zones === null || zones.length === 0) return false;
  const guarded: Seen = { ...seen, trigger: 'guard' };
  const lost = zones.some((zone) => !zone.up && zone.desired > 0);
  const plain = policy.schedule.length === 0 && !policy.zoneLossTolerant && seen.override === null;
  if (plain && !lost) {
    const { count } = runningCount(guarded, zones, policy);
    const planned = Math.max(0, count - toReplace(zones));
    if (count >= policy.floor && guardNeed(guarded, policy, planned) === null) return false;
  }
  return decide(guarded, policy).kind === 'scale';
}
