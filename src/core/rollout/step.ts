/**
 * One step of a rollout: what it was, what is seen and the time in, what it is and what to do out. Pure and absolute: a
 * step whose actions were lost in a crash is made again from what is really there. The diagram is in state.ts.
 */
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import { goBack } from './ask.js';
import {
  headroom,
  largestNode,
  liftsItself,
  linesOf,
  live,
  onTheWay,
  pauseOf,
  readyNow,
  sizeOf,
  withImage,
  withoutImage,
} from './look.js';
import {
  isOver,
  type Pause,
  type Phase,
  type RolloutAction,
  type RolloutReason,
  type RolloutSeen,
  type RolloutState,
  type RolloutStep,
} from './state.js';

/** A node's workers that are not ready after this are in trouble; longer where starting takes longer. */
const LEAST_PATIENCE_MS = 900_000;
const PULL_PATIENCE_MS = 45 * 60_000;
/** A rollback without room to spare waits this long, then takes one worker at a time all the same. */
const BACK_PATIENCE_MS = 600_000;
const ASK_AGAIN_MS = 300_000;

export function stepRollout(
  before: RolloutState,
  seen: RolloutSeen,
  now: Millis,
  policy: Policy,
): RolloutStep {
  if (isOver(before)) return { state: before, actions: [], reasons: [] };
  const step = judge(before, seen, now, policy);
  const state = { ...step.state, reasons: step.reasons };
  return { ...step, state: { ...state, nodes: linesOf(state, seen) } };
}

function judge(before: RolloutState, seen: RolloutSeen, now: Millis, policy: Policy): RolloutStep {
  const failed = failure(before, seen, now);
  if (failed !== null && (before.phase === 'golden' || before.phase === 'soak'))
    return goOn({ ...goBack(before, now), failure: failed.failure }, [], []);
  let state = before;
  if (state.paused !== null) {
    if (!liftsItself(state.paused, state)) return held(state, state.paused);
    const still = pauseOf(state, seen, now, policy);
    if (still !== null) return held({ ...state, paused: { ...still, at: state.paused.at } }, still);
    state = { ...state, paused: null, phaseAt: now, currentSince: state.current.length > 0 ? now : null };
  } else {
    const pause = pauseOf(state, seen, now, policy) ?? failed?.pause ?? null;
    if (pause !== null) {
      const kept = { ...state, paused: pause, failure: failed?.failure ?? state.failure };
      return held(kept, pause);
    }
  }
  return PHASES[state.phase](state, seen, now, policy);
}

type Advance = (state: RolloutState, seen: RolloutSeen, now: Millis, policy: Policy) => RolloutStep;

const PHASES: Record<Phase, Advance> = {
  plan,
  'pre-pull': prePull,
  golden,
  soak,
  rest,
  verify,
  'rolling-back': rollingBack,
  done: (state) => goOn(state, [], []),
  'rolled-back': (state) => goOn(state, [], []),
  aborted: (state) => goOn(state, [], []),
};

function plan(state: RolloutState, seen: RolloutSeen, now: Millis): RolloutStep {
  const old = withoutImage(seen, state.image);
  if (old.length === 0 && seen.images.zones.every((zone) => zone.image === state.image))
    return goOn(enter(state, 'done', now), [], [{ code: 'nothing-to-do' }]);
  const from = wayBack(state, seen);
  if (from === null) return goOn(enter(state, 'aborted', now), [], [{ code: 'no-way-back' }]);
  const surge = Math.max(1, largestNode(old)) * state.batch;
  const next = { ...enter(state, 'pre-pull', now), from, surge };
  return goOn(next, [{ do: 'pre-pull', image: state.image }], []);
}

/** What most ready workers run; else what the zones are set to; else what the orchestrator remembers. */
export function wayBack(state: RolloutState, seen: RolloutSeen): string | null {
  const votes = new Map<string, number>();
  for (const one of withoutImage(seen, state.image))
    if (one.state === 'ready' && one.image !== null)
      votes.set(one.image, (votes.get(one.image) ?? 0) + one.workers);
  const most = [...votes].sort((a, b) => b[1] - a[1])[0]?.[0];
  const set = seen.images.zones.find((zone) => zone.image !== state.image)?.image;
  return most ?? set ?? seen.lastHealthy;
}

/** The surge comes up meanwhile: pulling takes longer. */
function prePull(state: RolloutState, seen: RolloutSeen, now: Millis): RolloutStep {
  const asked: RolloutAction[] = [{ do: 'pre-pull', image: state.image }];
  const nodes = seen.nodes.filter((node) => node.status === 'ready' && node.eligible);
  const pulled = nodes.map((node) => seen.prepulled.find((one) => one.node === node.id));
  const present = pulled.filter((one) => one?.state === 'present').length;
  if (present === nodes.length) return goOn(enter(state, 'golden', now), [], []);
  const bad = pulled.flatMap((one) => (one?.state === 'failed' ? [one] : []));
  const late = now - state.phaseAt > PULL_PATIENCE_MS;
  if (bad.length > 0 || late) {
    const nodeNames = late
      ? nodes.map((node) => node.name)
      : names(
          seen,
          bad.map((one) => one.node),
        );
    const detail = bad[0]?.detail ?? (late ? 'it takes too long' : null);
    return hold(state, { why: 'pull-failed', at: now, nodes: nodeNames, detail });
  }
  const next = askForSurge(state, seen, now, [{ code: 'waits-for-pull', present, nodes: nodes.length }]);
  return { ...next, actions: [...asked, ...next.actions] };
}

function golden(state: RolloutState, seen: RolloutSeen, now: Millis, policy: Policy): RolloutStep {
  const isThere = seen.nodes.some((node) => node.id === state.golden?.node && node.status === 'ready');
  const first =
    state.golden !== null && (isThere || state.touched) ? state.golden : chooseGolden(state, seen);
  if (first === null) return goOn(enter(state, 'verify', now), [], []);
  const chosen: RolloutState = { ...state, golden: first, current: [first.node], lastZone: first.zone };
  if (isOldOn(first.node, state.image, seen)) return updateNodes(chosen, seen, now, policy);
  const starting = sizeOf(withImage(seen, state.image).filter((one) => one.state !== 'ready'));
  const news = withImage(seen, state.image).length;
  if (starting > 0 || news === 0 || onTheWay(seen) > 0)
    return goOn(chosen, [], [{ code: 'waits-for-workers', starting }]);
  return goOn({ ...enter(chosen, 'soak', now), current: [], currentSince: null }, [], []);
}

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

function soak(state: RolloutState, seen: RolloutSeen, now: Millis): RolloutStep {
  const until = state.phaseAt + state.soakSeconds * 1_000;
  if (now < until) return goOn(state, [], [{ code: 'soaking', until }]);
  return goOn(enter(state, withoutImage(seen, state.image).length > 0 ? 'rest' : 'verify', now), [], []);
}

function rest(state: RolloutState, seen: RolloutSeen, now: Millis, policy: Policy): RolloutStep {
  const open = state.current.filter((node) => isOldOn(node, state.image, seen));
  if (open.length > 0) return updateNodes({ ...state, current: open }, seen, now, policy);
  const starting = sizeOf(withImage(seen, state.image).filter((one) => one.state !== 'ready'));
  if (starting > 0 || onTheWay(seen) > 0)
    return goOn(state, [], [{ code: 'waits-for-workers', starting: Math.max(starting, onTheWay(seen)) }]);
  const next = nextNodes(state, seen);
  if (next.length === 0) return goOn({ ...enter(state, 'verify', now), current: [] }, [], []);
  const lastZone = zoneOf(next.at(-1) ?? '', seen) ?? state.lastZone;
  const current = { ...state, current: next, currentSince: null, lastZone };
  return updateNodes(current, seen, now, policy);
}

/** Alternating zones; a zone that is not held yet begins with the node that the orchestrator itself would take first. */
function nextNodes(state: RolloutState, seen: RolloutSeen): string[] {
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

/** Takes as many workers of the current nodes out of service as the need allows; else surge, or wait for the valley. */
function updateNodes(state: RolloutState, seen: RolloutSeen, now: Millis, policy: Policy): RolloutStep {
  const blocked = seen.zones.find((zone) => zone.blocked !== null && !isHeld(zone.zone, seen));
  if (blocked?.blocked != null)
    return goOn(state, [], [{ code: 'blocked', zone: blocked.zone, detail: blocked.blocked.detail }]);
  if (seen.applying && !state.touched)
    return goOn(state, [], [{ code: 'waits-for-scaling', detail: 'a decision is being carried out' }]);
  const per = policy.workersPerAllocation;
  let room = Math.floor(headroom(seen) / per) * per;
  if (room < per) return noRoom(state, seen, now);
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

function noRoom(state: RolloutState, seen: RolloutSeen, now: Millis): RolloutStep {
  const coming = onTheWay(seen);
  if (coming > 0) return goOn(state, [], [{ code: 'waits-for-workers', starting: coming }]);
  const { need, valleyAt: until } = seen;
  const { surge } = state;
  // While it waits for room it is not late.
  return askForSurge({ ...state, currentSince: null }, seen, now, [
    { code: 'waits-for-capacity', ready: readyNow(seen), need, surge, until },
  ]);
}

/** Wakes the scaler when it has not asked for the surge yet, now and then again: a limit may stand in its way. */
function askForSurge(
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

function verify(state: RolloutState, seen: RolloutSeen, now: Millis): RolloutStep {
  if (withoutImage(seen, state.image).length > 0) return goOn(enter(state, 'rest', now), [], []);
  return settle(state, state.image, 'done', seen, now);
}

/** All workers are of one image: empty zones are set to it, held ones let go, and it is over. */
function settle(
  state: RolloutState,
  image: string,
  end: 'done' | 'rolled-back',
  seen: RolloutSeen,
  now: Millis,
): RolloutStep {
  const unset = seen.images.zones.filter((zone) => zone.image !== image);
  if (unset.length > 0)
    return goOn(
      state,
      unset.map(({ zone }) => ({ do: 'update', zone, node: '', image, most: 0 })),
      [],
    );
  const starting = sizeOf(live(seen).filter((one) => one.state !== 'ready'));
  if (starting > 0 || onTheWay(seen) > 0) return goOn(state, [], [{ code: 'waits-for-workers', starting }]);
  const zones = seen.images.zones.filter((zone) => zone.heldBy !== null);
  if (zones.length > 0)
    return goOn(
      state,
      zones.map(({ zone }) => ({ do: 'release', zone })),
      [],
    );
  return close(state, end, seen, now);
}

function close(state: RolloutState, end: Phase, seen: RolloutSeen, now: Millis): RolloutStep {
  if (seen.prepulled.length > 0) return goOn(state, [{ do: 'end-pre-pull' }], []);
  return goOn({ ...enter(state, end, now), current: [] }, [], []);
}

/** Failed workers go at once, they serve nobody; the others as the need allows, one at a time when there is never room. */
function rollingBack(state: RolloutState, seen: RolloutSeen, now: Millis, policy: Policy): RolloutStep {
  const image = state.from;
  if (!state.touched) return close(state, 'aborted', seen, now);
  if (image === null) return goOn(enter(state, 'aborted', now), [], [{ code: 'no-way-back' }]);
  const wrong = withoutImage(seen, image);
  if (wrong.length === 0) return settle(state, image, 'rolled-back', seen, now);
  const blocked = seen.zones.find((zone) => zone.blocked !== null && !isHeld(zone.zone, seen));
  if (blocked?.blocked != null)
    return goOn(state, [], [{ code: 'blocked', zone: blocked.zone, detail: blocked.blocked.detail }]);
  const per = policy.workersPerAllocation;
  const idle = wrong.filter((one) => one.state !== 'ready');
  if (idle.length > 0) {
    const nodes = [...new Set(idle.map((one) => one.node))];
    return backOn(nodes, (node) => sizeOf(idle.filter((one) => one.node === node)), state, image, seen);
  }
  if (onTheWay(seen) > 0) return goOn(state, [], [{ code: 'waits-for-workers', starting: onTheWay(seen) }]);
  const late = now - state.phaseAt > BACK_PATIENCE_MS;
  const room = Math.max(Math.floor(headroom(seen) / per) * per, late ? per : 0);
  if (room < per) return noRoom(state, seen, now);
  const node = wrong[0]?.node ?? '';
  return backOn([node], () => room, state, image, seen);
}

function backOn(
  nodes: string[],
  most: (node: string) => number,
  state: RolloutState,
  image: string,
  seen: RolloutSeen,
): RolloutStep {
  return goOn(
    { ...state, current: nodes },
    nodes.map((node) => ({ do: 'update', zone: zoneOf(node, seen) ?? '', node, image, most: most(node) })),
    nodes.map((node) => ({ code: 'going-back', node: names(seen, [node])[0] ?? node })),
  );
}

/** Unhealthy new workers, or some that are not ready in time. */
function failure(
  state: RolloutState,
  seen: RolloutSeen,
  now: Millis,
): { pause: Pause; failure: NonNullable<RolloutState['failure']> } | null {
  if (!state.touched || !['golden', 'soak', 'rest', 'verify'].includes(state.phase)) return null;
  if (state.tolerateUntil !== null && now < state.tolerateUntil) return null;
  const failed = withImage(seen, state.image).filter((one) => one.state === 'failed');
  const nodes = names(seen, failed.length > 0 ? [...new Set(failed.map((one) => one.node))] : state.current);
  const told = { node: nodes[0] ?? null, log: seen.log };
  if (failed.length > 0)
    return {
      pause: { why: 'workers-unhealthy', at: now, nodes },
      failure: { why: `${sizeOf(failed)} of the new workers are not healthy`, ...told },
    };
  const late = state.currentSince !== null && now - state.currentSince > patience(seen);
  if (!late) return null;
  return {
    pause: { why: 'not-in-time', at: now, nodes },
    failure: { why: 'the new workers were not ready in time', ...told },
  };
}

/** Each worker of the largest node may have to wait for the one before it. */
const patience = (seen: RolloutSeen): Millis =>
  LEAST_PATIENCE_MS + 300_000 * Math.max(0, largestNode(live(seen)) - 1);

const isOldOn = (node: string, image: string, seen: RolloutSeen): boolean =>
  withoutImage(seen, image).some((one) => one.node === node);

const isHeld = (zone: string, seen: RolloutSeen): boolean =>
  seen.images.zones.some((one) => one.zone === zone && one.heldBy !== null);

const zoneOf = (node: string, seen: RolloutSeen): string | null =>
  seen.images.workers.find((one) => one.node === node)?.zone ?? null;

const names = (seen: RolloutSeen, nodes: string[]): string[] =>
  nodes.map((id) => seen.nodes.find((node) => node.id === id)?.name ?? id);

const enter = (state: RolloutState, phase: Phase, now: Millis): RolloutState => ({
  ...state,
  phase,
  phaseAt: now,
  ...(isOver({ ...state, phase }) ? { surge: 0 } : {}),
});

const goOn = (state: RolloutState, actions: RolloutAction[], reasons: RolloutReason[]): RolloutStep => ({
  state,
  actions,
  reasons,
});

const held = (state: RolloutState, pause: Pause): RolloutStep =>
  goOn(state, [], [{ code: 'paused', why: pause.why }]);

const hold = (state: RolloutState, pause: Pause): RolloutStep => held({ ...state, paused: pause }, pause);
