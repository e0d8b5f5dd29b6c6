/** Which node comes when. */
import { names, sizeOf, withoutImage } from './look.js';
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
  return { node: worker.node, name: names(seen, [worker.node])[0] ?? worker.node, zone: worker.zone };
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
