/** The way back, and the end of every way: all workers of one image, every zone let go. */
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import {
  blockedZone,
  headroom,
  isMoving,
  live,
  names,
  onTheWay,
  sizeOf,
  withoutImage,
  zoneOf,
} from './look.js';
import { enter, goOn } from './make.js';
import { noRoom } from './room.js';
import type { Phase, RolloutSeen, RolloutState, RolloutStep } from './state.js';

/** A rollback without room to spare waits this long, then takes one worker at a time all the same. */
const BACK_PATIENCE_MS = 600_000;

/** All workers are of one image: empty zones are set to it, held ones let go, and it is over. */
export function settle(
  state: RolloutState,
  image: string,
  end: 'done' | 'rolled-back',
  seen: RolloutSeen,
  now: Millis,
): RolloutStep {
  const unset = seen.images.zones.filter((zone) => zone.image !== image);
  if (unset.length > 0)
    return goOn(
      { ...state, touched: true },
      unset.map(({ zone }) => ({ do: 'update', zone, node: '', image, most: 0 })),
      [],
    );
  const starting = sizeOf(live(seen).filter((one) => one.state !== 'ready'));
  if (starting > 0 || isAwaited(state, seen, now))
    return goOn(state, [], [{ code: 'waits-for-workers', starting }]);
  const zones = seen.images.zones.filter((zone) => zone.held);
  if (zones.length > 0)
    return goOn(
      state,
      zones.map(({ zone }) => ({ do: 'release', zone })),
      [],
    );
  return close(state, end, seen, now);
}

export function close(state: RolloutState, end: Phase, seen: RolloutSeen, now: Millis): RolloutStep {
  if (seen.prepulled.length > 0) return goOn(state, [{ do: 'end-pre-pull' }], []);
  return goOn({ ...enter(state, end, now), current: [] }, [], []);
}

/** Failed workers go at once, they serve nobody; the others as the need allows, one at a time when there is never room. */
export function rollingBack(
  state: RolloutState,
  seen: RolloutSeen,
  now: Millis,
  policy: Policy,
): RolloutStep {
  const image = state.from;
  if (!state.touched) return close(state, 'aborted', seen, now);
  if (image === null) return goOn(enter(state, 'aborted', now), [], [{ code: 'no-way-back' }]);
  const wrong = withoutImage(seen, image);
  if (wrong.length === 0) return settle(state, image, 'rolled-back', seen, now);
  const blocked = blockedZone(seen);
  if (blocked !== null) return goOn(state, [], [{ code: 'blocked', ...blocked }]);
  const per = policy.workersPerAllocation;
  const idle = wrong.filter((one) => one.state !== 'ready');
  if (idle.length > 0) {
    const nodes = [...new Set(idle.map((one) => one.node))];
    return backOn(nodes, (node) => sizeOf(idle.filter((one) => one.node === node)), state, image, seen, now);
  }
  if (isAwaited(state, seen, now))
    return goOn(state, [], [{ code: 'waits-for-workers', starting: onTheWay(seen) }]);
  const late = now - state.phaseAt > BACK_PATIENCE_MS;
  const room = Math.max(Math.floor(headroom(seen) / per) * per, late ? per : 0);
  if (room < per) return noRoom(state, seen, now);
  const node = wrong[0]?.node ?? '';
  return backOn([node], () => room, state, image, seen, now);
}

/** Some are on their way, and they come: after a while in which none comes or goes, nobody waits for them any more. */
function isAwaited(state: RolloutState, seen: RolloutSeen, now: Millis): boolean {
  if (onTheWay(seen) === 0) return false;
  return isMoving(seen) || now - Math.max(state.phaseAt, state.currentSince ?? 0) <= BACK_PATIENCE_MS;
}

function backOn(
  nodes: string[],
  most: (node: string) => number,
  state: RolloutState,
  image: string,
  seen: RolloutSeen,
  now: Millis,
): RolloutStep {
  return goOn(
    { ...state, current: nodes, currentSince: now },
    nodes.map((node) => ({ do: 'update', zone: zoneOf(node, seen) ?? '', node, image, most: most(node) })),
    nodes.map((node) => ({ code: 'going-back', node: names(seen, [node])[0] ?? node })),
  );
}
