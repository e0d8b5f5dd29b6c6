/** The way back, and the end of every way: all workers of one image, every zone let go. */
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import type { WorkerImage } from './images.js';
import {
  blockedZone,
  headroom,
  isMoving,
  knownNeed,
  largestNode,
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
/** A cycle: by then the surge is there, or a limit keeps it away. */
const WANTED_PATIENCE_MS = 1_200_000;

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

/** What was over has given its surge back, and needs one for the way back, too. */
const withSurge = (state: RolloutState, seen: RolloutSeen): RolloutState =>
  state.surge > 0 || state.from === null
    ? state
    : { ...state, surge: Math.max(1, largestNode(withoutImage(seen, state.from))) * state.batch };

/** Failed workers go at once, they serve nobody; the others as the need allows, one at a time when there is never room. */
export function rollingBack(
  before: RolloutState,
  seen: RolloutSeen,
  now: Millis,
  policy: Policy,
): RolloutStep {
  const image = before.from;
  const state = withSurge(before, seen);
  if (!state.touched) return close(state, 'aborted', seen, now);
  if (image === null) return goOn(enter(state, 'aborted', now), [], [{ code: 'no-way-back' }]);
  const wrong = withoutImage(seen, image);
  if (wrong.length === 0) return settle(state, image, 'rolled-back', seen, now);
  const blocked = blockedZone(seen);
  if (blocked !== null) return goOn(state, [], [{ code: 'blocked', ...blocked }]);
  const per = policy.workersPerAllocation;
  const idle = wrong.filter((one) => one.state !== 'ready');
  const serving = wrong.filter((one) => one.state === 'ready');
  const awaited = isAwaited(state, seen, now);
  const late = now - state.phaseAt > patience(state, seen);
  const room = Math.max(Math.floor(headroom(seen) / per) * per, late ? per : 0);
  const next = serving.filter((one) => one.node === serving[0]?.node);
  const actions = [
    ...[...new Set(idle.map((one) => one.node))].map((node) => {
      const here = idle.filter((one) => one.node === node);
      return takeBack(here, sizeOf(here), image, seen);
    }),
    ...(next.length > 0 && room >= per && !awaited ? [takeBack(next, room, image, seen)] : []),
  ];
  if (actions.length === 0)
    return awaited
      ? goOn(state, [], [{ code: 'waits-for-workers', starting: onTheWay(seen) }])
      : noRoom(state, seen, now);
  const nodes = [...new Set(actions.map(({ node }) => node))];
  return goOn(
    { ...state, current: nodes, currentSince: now },
    actions,
    names(seen, nodes).map((node) => ({ code: 'going-back', node })),
  );
}

/** An image that is known to be bad is left sooner than one that somebody does not want any more. */
const patience = (state: RolloutState, seen: RolloutSeen): Millis =>
  state.failure !== null || knownNeed(seen) === null ? BACK_PATIENCE_MS : WANTED_PATIENCE_MS;

/** Some are on their way, and they come: after a while in which none comes or goes, nobody waits for them any more. */
function isAwaited(state: RolloutState, seen: RolloutSeen, now: Millis): boolean {
  if (onTheWay(seen) === 0) return false;
  return isMoving(seen) || now - Math.max(state.phaseAt, state.currentSince ?? 0) <= BACK_PATIENCE_MS;
}

/** By their ids: to the orchestrator those that serve nobody look like any other. */
function takeBack(workers: WorkerImage[], most: number, image: string, seen: RolloutSeen) {
  const node = workers[0]?.node ?? '';
  const ids = workers.map(({ id }) => id);
  return { do: 'update' as const, zone: zoneOf(node, seen) ?? '', node, image, most, workers: ids };
}
