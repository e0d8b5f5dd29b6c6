/** Workers that serve, and when those that start will: own bookkeeping where nothing better is known. */
import type { Millis, Seen, ZoneSeen } from './model.js';
import type { Policy } from './policy.js';

export interface Capacity {
  /** Serving now. */
  ready: number;
  /** Still starting, with the time until they serve, milliseconds; soonest first. */
  arriving: { inMs: Millis; count: number }[];
}

/**
 * What the fleet can serve with. Counts come from the orchestrator (less those that do not serve), then from the sample, then from what was asked for;
 * each raise says when its workers will be ready, and workers that no raise explains are given a whole start-up.
 */
export function capacityOf(seen: Seen, policy: Policy): Capacity {
  const startupMs = policy.startupSeconds * 1_000;
  const counts = readyAndStarting(seen);
  const raises = seen.memory.raises
    .map((raise) => ({ inMs: raise.at + startupMs - seen.now, count: raise.count }))
    .filter((raise) => raise.inMs > 0);
  if (counts === null) {
    const coming = raises.reduce((sum, raise) => sum + raise.count, 0);
    return { ready: Math.max(0, (seen.memory.desired ?? 0) - coming), arriving: raises };
  }
  let left = counts.starting;
  const arriving: Capacity['arriving'] = [];
  // The newest raises are those still starting.
  for (const raise of raises.toReversed()) {
    const count = Math.min(left, raise.count);
    if (count > 0) arriving.unshift({ inMs: raise.inMs, count });
    left -= count;
  }
  if (left > 0) arriving.push({ inMs: startupMs, count: left });
  return { ready: counts.ready, arriving };
}

/** Requests the fleet can finish within the next `ms`, given each worker's rate per second. */
export function servedWithin(capacity: Capacity, ms: Millis, perWorkerPerSecond: number): number {
  let workerMs = capacity.ready * ms;
  for (const { inMs, count } of capacity.arriving) workerMs += count * Math.max(0, ms - inMs);
  return (workerMs / 1_000) * perWorkerPerSecond;
}

/** Workers of a zone that serve: ready, and not known to be ill. One that says nothing counts as serving. */
export const serving = ({ ready, degraded = 0 }: Pick<ZoneSeen, 'ready' | 'degraded'>): number =>
  Math.max(0, ready - degraded);

/** Ready workers of the zones that are up and do not serve. */
export const degradedIn = (zones: ZoneSeen[] | null): number =>
  (zones ?? []).reduce((sum, zone) => sum + (zone.up ? zone.ready - serving(zone) : 0), 0);

/**
 * Those of them that others are to stand in for. None while a rollout holds a zone: who starts there comes up with the
 * new image, which may be just what made them ill. The rollout has its own workers on top.
 */
export const toReplace = (zones: ZoneSeen[] | null): number =>
  zones?.some(({ blocked }) => blocked?.kind === 'rollout') === true ? 0 : degradedIn(zones);

function readyAndStarting(seen: Seen): { ready: number; starting: number } | null {
  if (seen.zones !== null) {
    const up = seen.zones.filter((zone) => zone.up);
    return {
      ready: up.reduce((sum, zone) => sum + serving(zone), 0),
      starting: up.reduce((sum, zone) => sum + zone.starting, 0),
    };
  }
  const sample = seen.sample;
  if (sample === null || sample.ready === null) return null;
  return { ready: sample.ready, starting: sample.starting ?? 0 };
}
