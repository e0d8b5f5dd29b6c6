/** The count a decision starts from, and what is odd about it. */
import type { Blocked, Seen, ZoneSeen } from './model.js';
import type { Policy } from './policy.js';
import type { Reason } from './reasons.js';

export interface Running {
  /** The total that counts as asked for now. */
  count: number;
  /** Somebody else set it, and the policy adopts: no cut in this decision. */
  adopted: boolean;
  reasons: Reason[];
}

/** How long after a change of our own a different count is still ours in the making, on top of the start-up. */
const SETTLING_MS = 120_000;

/**
 * The orchestrator's count, or our own while a change of ours is being carried out. Any other difference was made by
 * somebody else: it is adopted or restored, as the policy says.
 */
export function runningCount(seen: Seen, zones: ZoneSeen[], policy: Policy): Running {
  const found = zones.reduce((sum, zone) => sum + zone.desired, 0);
  const expected = seen.memory.desired;
  if (expected === null || expected === found || policy.mode === 'advise') {
    return { count: found, adopted: false, reasons: [] };
  }
  if (isInFlight(seen, zones, policy)) return { count: expected, adopted: false, reasons: [] };
  if (raiseFellShort(seen, found, expected)) return { count: found, adopted: false, reasons: [] };
  const action = policy.onForeignChange;
  const reason: Reason = { code: 'foreign-change', expected, found, action };
  return { count: found, adopted: action === 'adopt', reasons: [reason] };
}

function isInFlight(seen: Seen, zones: ZoneSeen[], policy: Policy): boolean {
  if (seen.busy === true || seen.applying === true || zones.some(({ blocked }) => isPassing(blocked)))
    return true;
  const changedAt = Math.max(seen.memory.lastRaiseAt ?? -Infinity, seen.memory.lastCutAt ?? -Infinity);
  return seen.now - changedAt < policy.startupSeconds * 1_000 + SETTLING_MS;
}

/** Unlike a version that people have to take back. */
const isPassing = (blocked: Blocked | null): boolean => blocked !== null && blocked.kind !== 'bad-version';

/** The newest raise went as far as it fitted: less than asked for, not less than before it. */
function raiseFellShort(seen: Seen, found: number, expected: number): boolean {
  const { lastRaiseAt, lastCutAt, lastRaiseFrom } = seen.memory;
  if (lastRaiseAt === null || lastRaiseFrom === null || (lastCutAt ?? -Infinity) > lastRaiseAt) return false;
  return found < expected && found >= lastRaiseFrom;
}
