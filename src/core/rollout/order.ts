/** Which node comes when. */
import type { WorkerImage } from './images.js';
import { isHeld, names, sizeOf, withImage, withoutImage } from './look.js';
import type { RolloutSeen, RolloutState } from './state.js';

/** The zone that can best miss a node; in it the node that the orchestrator itself would begin with. */
export function chooseGolden(state: RolloutState, seen: RolloutSeen): RolloutState['golden'] {
  const old = withoutImage(seen, state.image);
  const zones = [...new Set(old.map((one) => one.zone))];
  const size = (zone: string): number =>
    sizeOf(old.filter((one) => one.zone === zone && one.state === 'ready'));
  const zone = zones.sort((a, b) => size(b) - size(a))[0];
  const worker = old.find((one) => one.zone === zone);
  if (worker === undefined) return null;
  return goldenOn(worker, state, seen);
}

export const goldenOn = (
  { node, zone }: Pick<WorkerImage, 'node' | 'zone'>,
  state: RolloutState,
  seen: RolloutSeen,
): NonNullable<RolloutState['golden']> => ({
  node,
  name: names(seen, [node])[0] ?? node,
  zone,
  workers: oldOn(node, state, seen).length,
});

const oldOn = (node: string, state: RolloutState, seen: RolloutSeen): WorkerImage[] =>
  withoutImage(seen, state.image).filter((one) => one.node === node);

/**
 * The orchestrator began on another node of the zone than it was foreseen to, and nobody on the golden one was told to
 * stop: that node is the first to try the image, and stays the only one. null: it did not.
 */
export function begunElsewhere(state: RolloutState, seen: RolloutSeen): RolloutState['golden'] {
  const { golden } = state;
  if (golden?.workers === undefined || !isHeld(golden.zone, seen)) return null;
  if (oldOn(golden.node, state, seen).length < golden.workers) return null;
  const [first] = withImage(seen, state.image)
    .filter((one) => one.zone === golden.zone)
    .sort((a, b) => Number(a.state === 'ready') - Number(b.state === 'ready'));
  return first === undefined ? null : goldenOn(first, state, seen);
}

/** Alternating zones; a zone that is not held yet begins with the node that the orchestrator itself would take first. */
export function nextNodes(state: RolloutState, seen: RolloutSeen): string[] {
  const old = withoutImage(seen, state.image);
  const chosen: string[] = [];
  let last = state.lastZone;
  while (chosen.length < state.batch) {
    const left = old.filter((one) => !chosen.includes(one.node));
    const next = left.find((one) => one.zone !== last) ?? left[0];
    if (next === undefined) break;
    chosen.push(next.node);
    last = next.zone;
  }
  return chosen;
}

/** All nodes in the order in which they would be updated if nothing changed: ids, the golden one first. */
export function orderOf(state: RolloutState, seen: RolloutSeen): string[] {
  const golden = chooseGolden(state, seen);
  if (golden === null) return [];
  const workers = seen.images.workers.filter((one) => one.node !== golden.node);
  const others = { ...seen, images: { ...seen.images, workers } };
  const all = { ...state, batch: workers.length, lastZone: golden.zone };
  return [golden.node, ...nextNodes(all, others)];
}
