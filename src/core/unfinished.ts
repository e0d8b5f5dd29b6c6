/** A change that ended before the world was there, or that the world has left since: whether a cycle carries it out again. */
import { stopping } from './limits.js';
import type { Placement, Seen, ZoneSeen } from './model.js';
import type { Reason } from './reasons.js';

/**
 * The reason to carry out once more what stands, when a cycle decided to change nothing; null: all is well, a freeze keeps
 * it from being carried out, or what is under way (a rollout, a drain, a deployment) explains it. `isNew`: the placement is
 * not that of the newest change, so it takes a change of its own; else the newest change goes on.
 */
export function triedAgain(
  placement: Placement[],
  seen: Seen,
  zones: ZoneSeen[],
): { reason: Reason; isNew: boolean } | null {
  const { last } = seen;
  if (last === undefined || seen.trigger !== 'cycle') return null;
  const isNew = !isSame(placement, last.placement);
  if (stopping(seen.freezes, seen.now, isNew ? { placement, from: 0 } : last) !== null) return null;
  const lost = zones.some(({ up, desired, ready, starting }) => up && ready + starting < desired);
  const underWay = seen.busy === true || zones.some(({ blocked }) => blocked !== null);
  const failed = last.status === 'failed';
  if (failed ? isNew && underWay : !lost || underWay) return null;
  const sum = (of: (zone: ZoneSeen) => number): number => zones.reduce((total, zone) => total + of(zone), 0);
  const counts = { ready: sum(({ ready }) => ready), count: sum(({ desired }) => desired) };
  return { reason: { code: 'tried-again', failed, ...counts }, isNew };
}

const isSame = (one: Placement[], other: Placement[]): boolean =>
  one.length === other.length &&
  one.every(({ zone, workers }) => other.some((its) => its.zone === zone && its.workers === workers));
