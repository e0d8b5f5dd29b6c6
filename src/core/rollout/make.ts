/** How a step is put together. */
import type { Millis } from '../model.js';
import {
  isOver,
  type Pause,
  type Phase,
  type RolloutAction,
  type RolloutReason,
  type RolloutState,
  type RolloutStep,
} from './state.js';

export const enter = (state: RolloutState, phase: Phase, now: Millis): RolloutState => ({
  ...state,
  phase,
  phaseAt: now,
  ...(isOver({ ...state, phase }) ? { surge: 0 } : {}),
});

export const goOn = (
  state: RolloutState,
  actions: RolloutAction[],
  reasons: RolloutReason[],
): RolloutStep => ({
  state,
  actions,
  reasons,
});

export const held = (state: RolloutState, pause: Pause): RolloutStep =>
  goOn(state, [], [{ code: 'paused', why: pause.why }]);

export const hold = (state: RolloutState, pause: Pause): RolloutStep =>
  held({ ...state, paused: pause }, pause);
