/** Reading the packed history: the rate at a time, between the middles of two slots. */
import type { Millis } from '../model.js';
import { valueAt } from './packed.js';
import { DAY_MS, type ForecastState, HISTORY_SLOTS, SLOT_MS } from './state.js';

export const slotOf = (at: Millis): number => Math.floor(at / SLOT_MS);

/** Mean rate of a finished slot; null where it is unknown, not finished or too old. */
export function slotRate(state: ForecastState, slot: number): number | null {
  const open = state.open;
  if (open === null || slot >= open.slot || slot <= open.slot - HISTORY_SLOTS) return null;
  return valueAt(state.history, slot % HISTORY_SLOTS);
}

/** Rate at `at` by its neighbours; null when neither is known. */
export function rateAt(state: ForecastState, at: Millis): number | null {
  const position = at / SLOT_MS - 0.5;
  const slot = Math.floor(position);
  const share = position - slot;
  const before = slotRate(state, slot);
  const after = slotRate(state, slot + 1);
  if (before === null) return after;
  if (after === null) return before;
  return before + share * (after - before);
}

/** Mean rate over the half hour that ends at `at`; null when none of it is known. */
export function halfHourBefore(state: ForecastState, at: Millis): number | null {
  let sum = 0;
  let known = 0;
  for (let i = 0; i < 3; i++) {
    const rate = rateAt(state, at - (i + 0.5) * SLOT_MS);
    if (rate !== null) {
      sum += rate;
      known += 1;
    }
  }
  return known === 0 ? null : sum / known;
}

/** The time `days` days before `at`, or as many more as it takes to be in the past of `now`. */
export function daysBefore(at: Millis, days: number, now: Millis): Millis {
  let earlier = at - days * DAY_MS;
  while (earlier > now) earlier -= DAY_MS;
  return earlier;
}
