/** What goes wrong with workers that came up with the new image. */
import { ILLNESS_WORDS } from '../health/words.js';
import type { Millis } from '../model.js';
import type { WorkerImage } from './images.js';
import {
  isTolerated,
  largestNode,
  leaving,
  live,
  names,
  onTheWay,
  sizeOf,
  withImage,
  zoneOf,
} from './look.js';
import type { Pause, RolloutSeen, RolloutState } from './state.js';

/** A node's workers that are not ready after this are in trouble; longer where they come one after the other. */
const LEAST_PATIENCE_MS = 900_000;

/**
 * A maintenance that could not wait empties a node of the zone whose image is not proven yet: its workers would all come up
 * with that image.
 */
export function overtaken(state: RolloutState, seen: RolloutSeen): RolloutState['failure'] {
  if (!state.touched || (state.phase !== 'golden' && state.phase !== 'soak')) return null;
  const zone = state.golden?.zone;
  const node = leaving(seen).find((id) => seen.nodes.find((one) => one.id === id)?.zone === zone);
  if (node === undefined) return null;
  const [name = node] = names(seen, [node]);
  return { why: `${name} has to be maintained before the golden node is proven`, node: name, log: null };
}

/** Unhealthy new workers, or some that are not ready in time. */
export function failure(
  state: RolloutState,
  seen: RolloutSeen,
  now: Millis,
): { pause: Pause; failure: NonNullable<RolloutState['failure']> } | null {
  if (!state.touched || !['golden', 'soak', 'rest', 'verify'].includes(state.phase)) return null;
  if (isTolerated(state, now, ['workers-unhealthy', 'not-in-time'])) return null;
  const failed = withImage(seen, state.image).filter((one) => one.state === 'failed');
  const nodes = names(seen, failed.length > 0 ? [...new Set(failed.map((one) => one.node))] : state.current);
  const told = { node: nodes[0] ?? null, log: seen.log };
  if (failed.length > 0)
    return {
      pause: { why: 'workers-unhealthy', at: now, nodes },
      failure: { why: `new workers that are not healthy: ${sizeOf(failed)}${illWords(failed)}`, ...told },
    };
  // A worker that is missing in another zone is no fault of the image.
  const zones = new Set(state.current.map((node) => zoneOf(node, seen)));
  const isReady = withImage(seen, state.image).every((one) => one.state === 'ready');
  const isThere = [...zones].every((zone) => zone !== null && onTheWay(seen, zone) === 0);
  if (isReady && isThere) return null;
  const late = state.currentSince !== null && now - state.currentSince > patience(seen);
  if (!late) return null;
  return {
    pause: { why: 'not-in-time', at: now, nodes },
    failure: { why: 'the new workers were not ready in time', ...told },
  };
}

/** What they say of themselves, the first of it. */
function illWords(failed: WorkerImage[]): string {
  const [first] = failed.filter((one) => one.ill !== undefined);
  if (first?.ill === undefined) return '';
  return ` (worker ${first.id.slice(0, 8)} ${ILLNESS_WORDS[first.ill]})`;
}

/** Each worker of the largest node may have to wait for the one before it. */
const patience = (seen: RolloutSeen): Millis =>
  LEAST_PATIENCE_MS + 300_000 * Math.max(0, largestNode(live(seen)) - 1);
