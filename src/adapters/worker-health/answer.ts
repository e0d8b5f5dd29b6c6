/** The body of a worker's answer: one slot, or a list of them. */
import { z } from 'zod';
import type { SlotHealth } from '../../core/health/state.js';

/** No allocation has more. */
const MOST_SLOTS = 64;

const moment = z.union([
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
  z.number().int().positive(),
]);

const slot = z.object({
  modelLoaded: z.boolean(),
  deviceHealthy: z.boolean(),
  lastSuccessAt: moment.nullable(),
  inFlight: z.number().int().min(0),
});

const answer = z.union([
  z.object({ slots: z.array(slot).min(1).max(MOST_SLOTS) }).transform(({ slots }) => slots),
  slot.transform((one) => [one]),
]);

/** null: it is no answer of the contract. */
export function readAnswer(body: string): SlotHealth[] | null {
  try {
    const parsed = answer.safeParse(JSON.parse(body));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
