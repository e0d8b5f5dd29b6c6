/**
 * One step of a rollout: what it was, what is seen and the time in, what it is and what to do out. Pure and absolute: a
 * step whose actions were lost in a crash is made again from what is really there. The diagram is in state.ts.
 */
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import { goBack } from './ask.js';
import { rollingBack, settle } from './back.js';
import { failure, overtaken } from './failure.js';
import {
  isMoving,
  isOldOn,
  lacking,
  largestNode,
  liftsItself,
  linesOf,
  names,
  onTheWay,
  pauseOf,
  sizeOf,
  withImage,
  withoutImage,
  zoneOf,
} from './look.js';
import { enter, goOn, held, hold } from './make.js';
import { begunElsewhere, chooseGolden, goldenOn, nextNodes } from './order.js';
import { askForSurge, updateNodes } from './room.js';
import {
  isOver,
  type Phase,
  type RolloutAction,
  type RolloutSeen,
  type RolloutState,
  type RolloutStep,
} from './state.js';

const PULL_PATIENCE_MS = 45 * 60_000;
const REFILL_AGAIN_MS = 60_000;

export function stepRollout(
  before: RolloutState,
  seen: RolloutSeen,
  now: Millis,
  policy: Policy,
): RolloutStep {
  if (isOver(before)) return { state: before, actions: [], reasons: [] };
  const step = withRefill(judge(before, seen, now, policy), seen, now);
  const state = { ...step.state, reasons: step.reasons };
  return { ...step, state: { ...state, nodes: linesOf(state, seen) } };
}

/** Whatever the phase, and while it is paused, too: the fleet is short of what it was decided to have. */
function withRefill(step: RolloutStep, seen: RolloutSeen, now: Millis): RolloutStep {
  const { refilledAt } = step.state;
  const zones = isMoving(seen) ? [] : lacking(seen);
  if (zones.length === 0 || (refilledAt !== undefined && now - refilledAt < REFILL_AGAIN_MS)) return step;
  const actions = zones.map((zone): RolloutAction => ({ do: 'refill', zone }));
  return { ...step, state: { ...step.state, refilledAt: now }, actions: [...actions, ...step.actions] };
}

function judge(before: RolloutState, seen: RolloutSeen, now: Millis, policy: Policy): RolloutStep {
  const failed = failure(before, seen, now);
  if (failed !== null && (before.phase === 'golden' || before.phase === 'soak'))
    return goOn({ ...goBack(before, now), failure: failed.failure }, [], []);
  const early = overtaken(before, seen);
  if (early !== null) return goOn({ ...goBack(before, now), failure: early }, [], []);
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

/** What most ready workers run; else what the orchestrator remembers as healthy; else what the zones are set to. */
export function wayBack(state: RolloutState, seen: RolloutSeen): string | null {
  const votes = new Map<string, number>();
  for (const one of withoutImage(seen, state.image))
    if (one.state === 'ready' && one.image !== null)
      votes.set(one.image, (votes.get(one.image) ?? 0) + one.workers);
  const most = [...votes].sort((a, b) => b[1] - a[1])[0]?.[0];
  const set = seen.images.zones.find((zone) => zone.image !== state.image)?.image;
  return most ?? seen.lastHealthy ?? set ?? null;
}

/** The surge comes up meanwhile: pulling takes longer. */
function prePull(state: RolloutState, seen: RolloutSeen, now: Millis): RolloutStep {
  const asked: RolloutAction[] = [{ do: 'pre-pull', image: state.image }];
  const { pullsAnew, ...rest } = state;
  if (pullsAnew === true) return goOn(rest, [{ do: 'end-pre-pull' }, ...asked], []);
  const nodes = seen.nodes.filter((node) => node.status === 'ready' && node.eligible);
  const pulled = nodes.map((node) => seen.prepulled.find((one) => one.node === node.id));
  const present = pulled.filter((one) => one?.state === 'present').length;
  if (present === nodes.length) return goOn(enter(state, 'golden', now), [], []);
  const bad = pulled.flatMap((one) => (one?.state === 'failed' ? [one] : []));
  const late = now - state.phaseAt > PULL_PATIENCE_MS;
  if (bad.length > 0 || late) {
    const nodeNames = late
      ? nodes.filter((_, n) => pulled[n]?.state !== 'present').map((node) => node.name)
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
  const first = goldenNow(state, seen);
  if (first === null) return withoutGolden(state, seen, now);
  const chosen: RolloutState = { ...state, golden: first, current: [first.node], lastZone: first.zone };
  if (isOldOn(first.node, state.image, seen)) return updateNodes(chosen, seen, now, policy);
  const starting = sizeOf(withImage(seen, state.image).filter((one) => one.state !== 'ready'));
  const news = withImage(seen, state.image).length;
  if (starting > 0 || news === 0 || onTheWay(seen, first.zone) > 0)
    return goOn(chosen, [], [{ code: 'waits-for-workers', starting }]);
  return goOn({ ...enter(chosen, 'soak', now), current: [], currentSince: null }, [], []);
}

/** Once it is touched it stays, unless the orchestrator itself began elsewhere. */
function goldenNow(state: RolloutState, seen: RolloutSeen): RolloutState['golden'] {
  const { golden } = state;
  if (golden === null) return chooseGolden(state, seen);
  if (state.touched) return begunElsewhere(state, seen) ?? golden;
  const isThere = seen.nodes.some((node) => node.id === golden.node && node.status === 'ready');
  return isThere ? goldenOn(golden, state, seen) : chooseGolden(state, seen);
}

/**
 * Nobody runs the old image. Where workers are asked for, or are about to be (a zone went out, and the loop moves its workers),
 * they are only away, and none has tried the new one yet.
 */
function withoutGolden(state: RolloutState, seen: RolloutSeen, now: Millis): RolloutStep {
  const starting = seen.zones.reduce((sum, zone) => sum + zone.desired, 0);
  const isEmpty = starting === 0 && !seen.applying && (seen.need ?? 0) === 0;
  return isEmpty || withImage(seen, state.image).length > 0
    ? goOn(enter(state, 'verify', now), [], [])
    : goOn(state, [], [{ code: 'waits-for-workers', starting }]);
}

/** Only an image that somebody runs is tried. Workers that left with their zone or node have shown nothing. */
function soak(state: RolloutState, seen: RolloutSeen, now: Millis): RolloutStep {
  const own = withImage(seen, state.image);
  if (own.length === 0) return goOn({ ...enter(state, 'golden', now), golden: null }, [], []);
  if (!own.some((one) => one.state === 'ready'))
    return goOn({ ...state, phaseAt: now }, [], [{ code: 'waits-for-workers', starting: sizeOf(own) }]);
  // What is tolerated is not watched: the soak lasts until everything is again.
  const until = Math.max(state.phaseAt + state.soakSeconds * 1_000, state.tolerateUntil ?? 0);
  if (now < until) return goOn(state, [], [{ code: 'soaking', until }]);
  // One that has just said that it does not serve: it gets well, or is a failure when that lasts.
  const ill = sizeOf(own.filter((one) => one.ill !== undefined || one.state === 'failed'));
  if (ill > 0) return goOn(state, [], [{ code: 'waits-for-workers', starting: ill }]);
  // Its node went away meanwhile: somebody has to be there at the end to have proved the image.
  if (!withImage(seen, state.image).some((one) => one.state === 'ready'))
    return goOn(state, [], [{ code: 'waits-for-workers', starting: 1 }]);
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

function verify(state: RolloutState, seen: RolloutSeen, now: Millis): RolloutStep {
  if (withoutImage(seen, state.image).length > 0) return goOn(enter(state, 'rest', now), [], []);
  return settle(state, state.image, 'done', seen, now);
}
