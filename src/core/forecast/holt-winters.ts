import { type Forecaster, highest } from './forecaster.js';
import { slotOf } from './history.js';
import { valueAt, withValue } from './packed.js';
import { type HoltWintersState, SLOT_MS, SLOTS_A_DAY } from './state.js';

/** Smoothing of level, trend and season. */
const ALPHA = 0.4;
const BETA = 0.01;
const GAMMA = 0.3;
/** A seasonal factor outside of this would let one strange slot rule the level. */
const LEAST_FACTOR = 0.05;
const MOST_FACTOR = 20;

/** Multiplicative Holt-Winters with a season of one day; speaks after its first day. */
export const holtWinters: Forecaster = {
  name: 'Holt-Winters',
  peak: (state, horizon) => {
    const { level, trend, season, learnt } = state.seasonal;
    if (learnt <= SLOTS_A_DAY || state.open === null) return null;
    const newest = state.open.slot - 1;
    return highest(horizon, (at) => {
      const factor = valueAt(season, slotOf(at) % SLOTS_A_DAY);
      const ahead = Math.max(0, at / SLOT_MS - newest - 0.5);
      return factor === null ? null : Math.max(0, (level + trend * ahead) * factor);
    });
  },
};

/** The state after a finished slot; an unknown slot only moves it along its trend. */
export function learnSlot(state: HoltWintersState, slot: number, rate: number | null): HoltWintersState {
  const place = slot % SLOTS_A_DAY;
  const expected = state.level + state.trend;
  if (rate === null) return { ...state, level: Math.max(0, expected) };
  const old = valueAt(state.season, place);
  const firstDay = state.learnt < SLOTS_A_DAY;
  // During the first day there is no season yet: the level is the plain mean so far.
  const level = firstDay
    ? state.level + (rate - state.level) / (state.learnt + 1)
    : Math.max(0, ALPHA * (rate / (old ?? 1)) + (1 - ALPHA) * expected);
  const trend = firstDay ? 0 : BETA * (level - state.level) + (1 - BETA) * state.trend;
  const fresh = level > 0 ? Math.min(MOST_FACTOR, Math.max(LEAST_FACTOR, rate / level)) : 1;
  const factor = old === null ? fresh : GAMMA * fresh + (1 - GAMMA) * old;
  return { level, trend, learnt: state.learnt + 1, season: withValue(state.season, place, factor) };
}
