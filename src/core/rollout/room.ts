/** Never below the need: how many workers may be taken out of service now, and what happens when none may. */
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import {
  blockedZone,
  headroom,
  isHeld,
  knownNeed,
  leaving,
  names,
  onTheWay,
  readyNow,
  sizeOf,
  withoutImage,
  zoneOf,
} from './look.js';
import { goOn } from './make.js';
import type { RolloutAction, RolloutReason, RolloutSeen, RolloutState, RolloutStep } from './state.js';

const ASK_AGAIN_MS = 300_000;

/** Takes as many workers of the current nodes out of service as the need allows; else surge, or wait for the valley. */
export function updateNodes(
  state: RolloutState,
  seen: RolloutSeen,
  now: Millis,
  policy: Policy,
): RolloutStep {
  const blocked = blockedZone(seen);
  if (blocked !== null) return goOn(state, [], [{ code: 'blocked', ...blocked }]);
  const left = leaving(seen);
  if (left.length > 0) return waitForMaintenance(state, seen, left);
  const late = stillPulling(state, seen);
  if (late !== null) return goOn({ ...state, currentSince: null }, [], [late]);
  if (seen.applying && !state.touched)
    return goOn(state, [], [{ code: 'waits-for-scaling', detail: 'a decision is being carried out' }]);
  const per = policy.workersPerAllocation;
  let room = Math.floor(headroom(seen) / per) * per;
  if (room < per) return replaceIdle(state, seen) ?? noRoom(state, seen, now);
  const actions: RolloutAction[] = [];
  const reasons: RolloutReason[] = [];
  for (const node of state.current) {
    const here = sizeOf(withoutImage(seen, state.image).filter((one) => one.node === node));
    const most = Math.min(room, here);
    const zone = zoneOf(node, seen);
    if (most < per || zone === null) continue;
    actions.push({ do: 'update', zone, node, image: state.image, most });
    reasons.push({ code: 'updating', node: names(seen, [node])[0] ?? node, most });
    room -= most;
  }
  return goOn({ ...state, touched: true, currentSince: state.currentSince ?? now }, actions, reasons);
}

/** A node that joined after the pull: what is stopped now could come up there, minutes later than it should. */
function stillPulling(state: RolloutState, seen: RolloutSeen): RolloutReason | null {
  const zones = state.current.map((node) => zoneOf(node, seen));
  const here = seen.prepulled.filter(({ zone }) => zones.includes(zone));
  if (!here.some((one) => one.state === 'pulling')) return null;
  const present = here.filter((one) => one.state === 'present').length;
  return { code: 'waits-for-pull', present, nodes: here.length };
}

/**
 * Old workers of the current nodes that serve nobody need no room: a broken fleet must be able to get what mends it. In a
 * zone that is not held yet the orchestrator itself begins with its first worker, so that one must not serve either.
 */
function replaceIdle(state: RolloutState, seen: RolloutSeen): RolloutStep | null {
  const old = withoutImage(seen, state.image);
  const idle = state.current.flatMap((node) => {
    const here = old.filter((one) => one.node === node && one.state !== 'ready');
    const zone = here[0]?.zone;
    if (zone === undefined) return [];
    const first = old.find((one) => one.zone === zone);
    return isHeld(zone, seen) || first?.state !== 'ready' ? [{ zone, node, here }] : [];
  });
  if (idle.length === 0) return null;
  return goOn(
    { ...state, touched: true },
    idle.map(({ zone, node, here }) => {
      const workers = here.map(({ id }) => id);
      return { do: 'update', zone, node, image: state.image, most: sizeOf(here), workers };
    }),
    idle.map(({ node, here }) => ({
      code: 'updating',
      node: names(seen, [node])[0] ?? node,
      most: sizeOf(here),
    })),
  );
}

/** Its workers go first: nothing else is taken out of service meanwhile. While it waits it is not late. */
function waitForMaintenance(state: RolloutState, seen: RolloutSeen, nodes: string[]): RolloutStep {
  const waits = { code: 'waits-for-maintenance' as const, nodes: names(seen, nodes) };
  return goOn({ ...state, currentSince: null }, [], [waits]);
}

export function noRoom(state: RolloutState, seen: RolloutSeen, now: Millis): RolloutStep {
  const coming = onTheWay(seen);
  if (coming > 0) return goOn(state, [], [{ code: 'waits-for-workers', starting: coming }]);
  const need = knownNeed(seen);
  const until = need === null ? null : seen.valleyAt;
  const { surge } = state;
  // While it waits for room it is not late.
  return askForSurge({ ...state, currentSince: null }, seen, now, [
    { code: 'waits-for-capacity', ready: readyNow(seen), need, surge, until },
  ]);
}

/** Wakes the scaler when it has not asked for the surge yet, now and then again: a limit may stand in its way. */
export function askForSurge(
  state: RolloutState,
  seen: RolloutSeen,
  now: Millis,
  reasons: RolloutReason[],
): RolloutStep {
  const asked = seen.zones.reduce((sum, zone) => sum + zone.desired, 0);
  const isShort = !seen.applying && seen.need !== null && asked < seen.need + state.surge;
  if (!isShort || (state.askedAt !== null && now - state.askedAt < ASK_AGAIN_MS))
    return goOn(state, [], reasons);
  return goOn({ ...state, askedAt: now }, [{ do: 'evaluate' }], reasons);
}
