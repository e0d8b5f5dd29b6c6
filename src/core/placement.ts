/** Splits a total over the zones odd-even: they differ by at most one allocation; a zone that is down gets nothing. */
import type { Placement, ZoneSeen } from './model.js';
import type { Policy } from './policy.js';

/**
 * `count` workers over the zones that are up, in whole allocations. The odd allocation goes where more is running
 * already (nothing moves without need), among equals to the first zone. `count` that is not a multiple of
 * `workersPerAllocation` is rounded up.
 */
export function place(count: number, zones: ZoneSeen[], policy: Policy): Placement[] {
  const per = policy.workersPerAllocation;
  const up = zones.filter((zone) => zone.up);
  if (up.length === 0) return zones.map(({ zone, desired }) => ({ zone, workers: desired }));
  const allocations = Math.ceil(count / per);
  const base = Math.floor(allocations / up.length);
  const odd = up
    .map((zone, order) => ({ zone: zone.zone, order, desired: zone.desired }))
    .sort((a, b) => b.desired - a.desired || a.order - b.order)
    .slice(0, allocations - base * up.length)
    .map(({ zone }) => zone);
  return zones.map(({ zone, up: isUp }) => ({
    zone,
    workers: isUp ? (base + (odd.includes(zone) ? 1 : 0)) * per : 0,
  }));
}

/** As it stands. */
export const standing = (zones: ZoneSeen[]): Placement[] =>
  zones.map(({ zone, desired }) => ({ zone, workers: desired }));

/** Nodes that a placement fills. */
export const nodesOf = (placement: Placement[], policy: Policy): number =>
  placement.reduce((sum, { workers }) => sum + Math.ceil(workers / policy.slotsPerNode), 0);

export const costPerHour = (placement: Placement[], policy: Policy): number =>
  nodesOf(placement, policy) * policy.nodePricePerHour;

/** Workers that change zone from one placement to the other. */
export function moved(from: Placement[], to: Placement[]): number {
  let sum = 0;
  for (const { zone, workers } of to) {
    const before = from.find((one) => one.zone === zone)?.workers ?? 0;
    sum += Math.max(0, workers - before);
  }
  return sum;
}

export const total = (placement: Placement[]): number =>
  placement.reduce((sum, { workers }) => sum + workers, 0);
