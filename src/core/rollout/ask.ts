/** What people ask of a rollout that runs. A refusal is a sentence. */
import type { Millis, Person } from '../model.js';
import { isOver, type Pause, type RolloutState } from './state.js';

export type RolloutAsk = 'pause' | 'resume' | 'abort' | 'rollback';

/** How long a person's resume is believed against the numbers that paused it. */
const TOLERANCE_MS = 600_000;

/** Who ends one of these has seen it; who ends a pause of their own has not seen what comes next. */
const JUDGED = new Set<Pause['why']>(['slo-breach', 'workers-unhealthy', 'not-in-time']);

export function askRollout(
  state: RolloutState,
  ask: RolloutAsk,
  by: Person,
  now: Millis,
): { state: RolloutState } | { refused: string } {
  if (ask === 'rollback') return rollBack(state, by, now);
  if (isOver(state)) return { refused: `The rollout is over already (${state.phase}).` };
  switch (ask) {
    case 'pause':
      if (state.paused !== null) return { refused: 'It is paused already.' };
      return { state: { ...state, paused: { why: 'person', at: now, by } } };
    case 'resume':
      if (state.paused === null) return { refused: 'It is not paused.' };
      return {
        state: {
          ...state,
          paused: null,
          // A soak that was interrupted begins anew, and so does the patience with what is under way.
          phaseAt: now,
          currentSince: state.current.length > 0 ? now : null,
          ...(state.paused.why === 'pull-failed' ? { pullsAnew: true as const } : {}),
          ...(JUDGED.has(state.paused.why)
            ? { tolerateUntil: now + TOLERANCE_MS, tolerated: state.paused.why }
            : {}),
        },
      };
    case 'abort':
      return rollBack(state, by, now);
  }
}

const ANYBODY: Person = { id: '', name: '' };

/** Whether a rollback still does something: it is not on its way or over, and the rollout changed anything. */
export const canGoBack = (state: RolloutState, now: Millis): boolean =>
  !('refused' in rollBack(state, ANYBODY, now));

/** Nothing touched: it just ends. Else back to the image that was healthy, a finished rollout too. */
function rollBack(
  state: RolloutState,
  by: Person,
  now: Millis,
): { state: RolloutState } | { refused: string } {
  if (state.phase === 'rolling-back' && state.paused === null) {
    // Asked by the same person again, after a crash say: it is what they want.
    if (state.backBy?.id === by.id) return { state };
    return { refused: 'It is rolling back already.' };
  }
  if (state.phase === 'rolled-back' || state.phase === 'aborted')
    return { refused: `There is nothing to roll back: it is ${state.phase}.` };
  if (!state.touched) {
    if (state.phase === 'done') return { refused: 'There is nothing to roll back: it changed nothing.' };
    if (state.phase === 'plan')
      return { state: { ...state, phase: 'aborted', phaseAt: now, paused: null, backBy: by } };
  }
  return { state: { ...goBack(state, now), backBy: by } };
}

export function goBack(state: RolloutState, now: Millis): RolloutState {
  return {
    ...state,
    phase: 'rolling-back',
    phaseAt: now,
    paused: null,
    current: [],
    currentSince: null,
    tolerateUntil: null,
  };
}
