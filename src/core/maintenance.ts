/**
 * One step of a node's maintenance, from what the world shows. Pure; run again after every crash it says the same.
 *
 *              ignored or withdrawn, until the drain began
 *     waiting ───────────────────────────────────────────────> over (nothing was done)
 *        │ its turn            fencing, surging ──> calling-off ──> over
 *        v
 *     fencing ──> surging ──> draining ──> away ──────────> checking ──> returning ──> shrinking ──> over
 *     no new      workers     work leaves, │ the VM is       the node     it takes      nodes that stood
 *     work        stand in    by a deadline│ stopped, boots  is well      work again    in are given back
 *                                          │ never comes back,   │ ill
 *                                          └──> replacing <──────┘
 *                                               a new VM ──> shrinking
 *
 * Where nobody but a person can make a new VM, one that a person wanted empty stays away until it is repaired or given back.
 * A VM that the cloud made anew under its old name is back, wherever its return was waited for: it goes to checking.
 *
 * When workers cannot stand in, a person is asked, with the hour until which it helps; the node serves on until shortly
 * before its stop and is drained then all the same: the cloud stops it anyway, and work that left in time is not lost.
 */
import { type Cover, coverOf } from './maintenance/cover.js';
import { asking, HINDERED_LONG_MS, hindered, isHindered, NEAR_MS } from './maintenance/hindered.js';
import {
  type Advanced,
  drainMs,
  isEmptied,
  isMaintenanceMark,
  type MaintenanceAction,
  type MaintenanceSeen,
  type MaintenanceState,
  type Outcome,
  type Phase,
  RESERVE_MS,
  RETURN_MS,
  type Wait,
} from './maintenance/state.js';
import type { Millis, NodeSeen } from './model.js';

type Stopped = NonNullable<MaintenanceSeen['stopped']>;

const MINUTE = 60_000;
/** Left between the end of a drain and the stop. */
const SPARE_MS = 5 * MINUTE;
/** A node must have been well for so long before it takes work again. */
const STEADY_MS = MINUTE;
/** While others cannot stand in, a new decision is asked for this often. */
const ASK_AGAIN_MS = MINUTE;
/** A node that is up so long after its hour was not stopped after all, or so shortly that nobody saw it. */
const SPARED_MS = 15 * MINUTE;
/** Clouds stop a VM at its hour, a little before it at the most: what went down earlier has its stop still before it. */
const EARLY_MS = 5 * MINUTE;
/** A node that is up and ill for so long is not waited for. */
const ILL_MS = 10 * MINUTE;

/** `mark`: the drain mark of this maintenance. */
export function advance(state: MaintenanceState, seen: MaintenanceSeen, mark: string, now: Millis): Advanced {
  switch (state.phase) {
    case 'waiting':
      return waiting(state, seen, now);
    case 'fencing':
      return fencing(state, seen, now);
    case 'surging':
      return surging(state, seen, now);
    case 'draining':
      return draining(state, seen, mark, now);
    case 'away':
      return away(state, seen, now);
    case 'replacing':
      return replacing(state, seen, now);
    case 'checking':
      return checking(state, seen, now);
    case 'returning':
      return returning(state, seen, now);
    case 'calling-off':
      return callingOff(state, seen, now);
    case 'shrinking':
      return shrinking(state, seen, now);
    case 'over':
      return { state, actions: [] };
  }
}

function waiting(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  const why = calledOff(state);
  if (why !== null) return over(state, why, now);
  if (seen.node === null || isRemoved(state, seen)) return over(state, 'gone', now);
  if (isDown(seen.node)) return downFirst(state, seen, now);
  // Its stop came and went before anything was done: there is nothing left to empty it for.
  if (state.wentDown || wasSpared(state, now)) return over(state, 'back', now);
  if (seen.stopped !== null) return stoppedBy(state, seen.stopped, now);
  if (seen.turn !== 'go') return stay(state, seen.turn);
  const { workers } = seen.node;
  return to({ ...state, workers, groupSize: seen.group?.size ?? null, asked: null }, 'fencing', now, [
    { do: 'cordon' },
  ]);
}

/** It went down before its turn came: what ran there is placed elsewhere already. */
function downFirst(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  const next = down(state, now);
  if (seen.stopped === null) return to(next, 'away', now, [{ do: 'cordon' }]);
  if (seen.returned !== null) return over(next, 'back', now);
  // Whoever forbids changes is only told what became of it; the hour until which that mattered is over.
  const told = next.asked?.why === 'frozen' ? { ...next, asked: null } : next;
  const isLate = now - Math.max(state.phaseAt, state.deadlineAt ?? 0) >= RETURN_MS;
  return isLate ? giveUp(told, seen, 'never-returned', now) : stay(told, 'boot');
}

function fencing(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  const early = earlyEnd(state, seen, now);
  if (early !== null) return early;
  if (seen.node?.eligible === true) return stay(state, null, [{ do: 'cordon' }]);
  return to(state, 'surging', now, [{ do: 'evaluate' }]);
}

function surging(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  const early = earlyEnd(state, seen, now);
  if (early !== null) return early;
  const lastMoment = state.deadlineAt !== null && now >= state.deadlineAt - RESERVE_MS;
  const cover = coverOf(state, seen, now);
  if (cover.kind === 'yes' || lastMoment || state.workers === 0) return beginDrain(state, seen, now);
  return awaitCover(state, seen, cover, now);
}

function awaitCover(
  state: MaintenanceState,
  seen: MaintenanceSeen,
  cover: Exclude<Cover, { kind: 'yes' }>,
  now: Millis,
): Advanced {
  const isOld = seen.latest === null || now - seen.latest.at >= ASK_AGAIN_MS;
  const asks = isOld && (cover.kind === 'no' || cover.ask);
  const again: MaintenanceAction[] = asks ? [{ do: 'evaluate' }] : [];
  if (cover.kind === 'pending') return stay(state, cover.waitsFor, again);
  const by = state.deadlineAt === null ? null : state.deadlineAt - RESERVE_MS;
  return stay(asking(state, { why: cover.why, detail: cover.detail, by }, now), 'workers', again);
}

function beginDrain(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  return to({ ...state, asked: null }, 'draining', now, [drainBy(state, seen, now)]);
}

function draining(state: MaintenanceState, seen: MaintenanceSeen, mark: string, now: Millis): Advanced {
  if (seen.node === null) return to(state, 'replacing', now);
  if (isDown(seen.node)) return to(down(state, now), 'away', now);
  const own = seen.node.drain?.decisionId === mark ? seen.node.drain : null;
  if (own === null && seen.stopped !== null) return stoppedBy(state, seen.stopped, now);
  if (own === null) return stay({ ...state, asked: null }, 'drain', [drainBy(state, seen, now)]);
  if (!own.done) return stay(state, 'drain');
  // Whether a new one can be made is known only once the cloud answers.
  if (state.deadlineAt === null && seen.silent !== null)
    return stay(hindered(state, seen.silent, now), 'drain');
  // Nobody will stop this VM: a person asked for a new one.
  if (state.deadlineAt === null && !state.withdrawn && seen.group?.size != null)
    return to(state, 'replacing', now);
  return to(state, 'away', now);
}

function away(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  if (seen.returned !== null) return adopted(state, seen.returned, now);
  if (isRemoved(state, seen)) return over(state, 'gone', now);
  if (seen.node === null) return to(state, 'replacing', now);
  if (isDown(seen.node)) {
    const since = Math.max(state.phaseAt, state.deadlineAt ?? 0);
    const next = down(state, now);
    // Whoever was asked to replace or repair it is at it.
    if (state.asked?.why === 'empty') return stay(next, 'boot');
    if (now - since < RETURN_MS) return stay(next, 'boot');
    return giveUp(next, seen, 'never-returned', now);
  }
  if (isEmptied(state)) {
    if (seen.group?.size != null) return to({ ...state, asked: null }, 'replacing', now);
    return stay(asking(state, { why: 'empty', detail: null, by: null }, now), 'person');
  }
  // Given back by a person, or the cloud has said since when it stops it.
  const next = state.asked?.why === 'empty' ? { ...state, asked: null } : state;
  const due = Math.max(state.deadlineAt ?? 0, state.phaseAt) + SPARED_MS;
  const isPast = state.wentDown || state.withdrawn || now >= due || state.deadlineAt === null;
  return isPast ? to(next, 'checking', now) : stay(next, 'stop');
}

function checking(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  if (seen.returned !== null) return adopted(state, seen.returned, now);
  if (seen.node === null) return to(state, 'replacing', now);
  if (isDown(seen.node)) return to({ ...down(state, now), readySince: null }, 'away', now);
  if (seen.node.status !== 'ready' || seen.node.healthy === false) {
    const next = { ...state, readySince: null };
    return now - state.phaseAt < ILL_MS ? stay(next, 'boot') : giveUp(next, seen, 'unhealthy', now);
  }
  const since = state.readySince ?? now;
  if (now - since < STEADY_MS) return stay({ ...state, readySince: since }, 'boot');
  // A node that came back new was never fenced, and the loop may have taken it as a spare one since.
  return to({ ...state, asked: null }, 'returning', now, isFenced(seen) ? [{ do: 'uncordon' }] : []);
}

/** The cloud repaired the VM under its old name with a new disk, so the orchestrator knows it as another node. */
function adopted(state: MaintenanceState, { id }: NodeSeen, now: Millis): Advanced {
  const node = { ...state.node, id };
  return to({ ...state, node, wentDown: true, readySince: null, asked: null }, 'checking', now);
}

/** A new VM in its place where the cloud can make one and nobody forbids it; a person otherwise, while we go on looking. */
function giveUp(
  state: MaintenanceState,
  seen: MaintenanceSeen,
  why: 'never-returned' | 'unhealthy',
  now: Millis,
): Advanced {
  if (seen.silent !== null) {
    const next = hindered(state, seen.silent, now);
    return isHindered(next, now)
      ? stay(asking(next, { why, detail: seen.silent, by: null }, now), 'boot')
      : stay(next, 'boot');
  }
  const isMade = seen.group?.size != null;
  if (isMade && seen.stopped === null) return to({ ...state, asked: null }, 'replacing', now);
  const detail = isMade && seen.stopped !== null ? instead(seen.stopped) : null;
  return stay(asking(state, { why, detail, by: null }, now), 'boot');
}

/** Removes exactly this VM, which makes the group one smaller, and asks for the size it had. */
function replacing(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  if (seen.returned !== null) return adopted(state, seen.returned, now);
  const { group } = seen;
  if (seen.silent !== null) return stay(hindered(state, seen.silent, now), 'boot');
  if (group === null || group.size === null) return over(state, 'gone', now);
  const size = state.groupSize ?? group.size;
  const isThere = group.names.includes(state.node.name);
  if (seen.stopped !== null && (isThere || group.size < size)) {
    const asked = asking(state, { why: 'not-replaced', detail: instead(seen.stopped), by: null }, now);
    return stay({ ...asked, groupSize: size }, waitOf(seen.stopped));
  }
  const next = { ...state, groupSize: size, asked: null };
  if (isThere) return stay(next, 'boot', [{ do: 'remove', name: state.node.name }]);
  if (group.size < size) return stay(next, 'boot', [{ do: 'grow', size }]);
  return to({ ...state, outcome: 'replaced' }, 'shrinking', now, [{ do: 'evaluate' }]);
}

function returning(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  if (seen.node === null) return over(state, 'gone', now);
  if (isFenced(seen)) return stay(state, null, [{ do: 'uncordon' }]);
  return to({ ...state, outcome: 'back' }, 'shrinking', now, [{ do: 'evaluate' }]);
}

function callingOff(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  if (isFenced(seen)) return stay(state, null, [{ do: 'uncordon' }]);
  return to({ ...state, outcome: calledOff(state) ?? 'withdrawn' }, 'shrinking', now, [{ do: 'evaluate' }]);
}

/** The loop cuts the workers that stood in; the nodes they leave empty go one after the other. */
function shrinking(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced {
  // A cloud that stays silent leaves them to the loop's next change.
  if (seen.silent !== null && now - state.phaseAt < HINDERED_LONG_MS) return stay(state, null);
  if (!seen.spare || seen.stopped !== null) return over(state, state.outcome ?? 'back', now);
  return stay(state, null, [{ do: 'shrink' }]);
}

function earlyEnd(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Advanced | null {
  if (calledOff(state) !== null)
    return to({ ...state, asked: null }, 'calling-off', now, [{ do: 'uncordon' }]);
  if (seen.node === null) return over(state, 'gone', now);
  if (isDown(seen.node)) return to(down(state, now), 'away', now);
  return seen.stopped === null ? null : stoppedBy(state, seen.stopped, now);
}

function stoppedBy(state: MaintenanceState, stopped: Stopped, now: Millis): Advanced {
  if (stopped.why === 'advice') return stay(state, 'advice');
  const close = state.deadlineAt !== null && state.deadlineAt - now <= NEAR_MS;
  if (!close) return stay(state, 'frozen');
  const by = state.deadlineAt === null ? null : state.deadlineAt - RESERVE_MS;
  return stay(asking(state, { why: 'frozen', detail: stopped.detail, by }, now), 'frozen');
}

const waitOf = ({ why }: Stopped): Wait => (why === 'advice' ? 'advice' : 'frozen');

const instead = ({ why, detail }: Stopped): string =>
  why === 'advice'
    ? `${detail}: otherwise it would be deleted and a new VM made`
    : `${detail}; without it a new VM would be made`;

function drainBy(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): MaintenanceAction {
  const most = drainMs(state.workers, seen.policy);
  if (state.deadlineAt === null) return { do: 'drain', deadlineSeconds: most / 1_000 };
  const left = state.deadlineAt - now;
  // Late already: half of what is left, the other half for workers to finish what they hold.
  const until = left > 2 * SPARE_MS ? left - SPARE_MS : left / 2;
  return { do: 'drain', deadlineSeconds: Math.round(Math.max(15_000, Math.min(most, until)) / 1_000) };
}

const wasSpared = ({ deadlineAt, wish }: MaintenanceState, now: Millis): boolean =>
  deadlineAt !== null && wish === null && now >= deadlineAt + SPARED_MS;

const calledOff = (state: MaintenanceState): Outcome | null =>
  state.withdrawn ? 'withdrawn' : state.wish?.kind === 'ignore' ? 'ignored' : null;

function down(state: MaintenanceState, now: Millis): MaintenanceState {
  const isTheStop = state.deadlineAt === null || now >= state.deadlineAt - EARLY_MS;
  return isTheStop ? { ...state, wentDown: true } : state;
}

/** A drained node that is gone counts as leaving: here it is one that is down. */
export const isDown = (node: NodeSeen | null): boolean =>
  node?.status === 'down' || node?.status === 'leaving';

/** By a maintenance. A node that the loop drains since, because nobody needs it, is the loop's. */
const isFenced = ({ node }: MaintenanceSeen): boolean =>
  node !== null && !node.eligible && (node.drain === null || isMaintenanceMark(node.drain.decisionId));

/** Somebody took the VM out of its group: there is nothing left to wait for. */
const isRemoved = ({ node }: MaintenanceState, { group }: MaintenanceSeen): boolean =>
  group !== null && group.size !== null && !group.names.includes(node.name);

function stay(state: MaintenanceState, waitsFor: Wait | null, actions: MaintenanceAction[] = []): Advanced {
  return { state: state.waitsFor === waitsFor ? state : { ...state, waitsFor }, actions };
}

function to(state: MaintenanceState, phase: Phase, now: Millis, actions: MaintenanceAction[] = []): Advanced {
  const ticks = [...state.ticks, { phase, at: now }].slice(-20);
  return { state: { ...state, phase, phaseAt: now, waitsFor: null, ticks }, actions };
}

function over(state: MaintenanceState, outcome: Outcome, now: Millis): Advanced {
  return to({ ...state, outcome, asked: null }, 'over', now);
}
