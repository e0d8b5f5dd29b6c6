/** What a worker says of itself, in an answer's body or in a file: one slot, or a list of them. */
import { z } from 'zod';
import type { SlotHealth } from '../../core/health/state.js';
import type { Millis } from '../../core/model.js';

/** One entry a slot; null: nothing is known of it. */
export type Said = (SlotHealth | null)[];

/** A longer one is none. */
export const MOST_BYTES = 64 * 1024;
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

/** What one slot says wrongly hides none of the others, which may be ill. */
const slots = z.array(slot.nullable().catch(null)).min(1).max(MOST_SLOTS);

const answer = z.union([
  z.object({ slots }).transform((many): Said => many.slots),
  slot.transform((one): Said => [one]),
]);

const written = z.object({ writtenAt: moment });

/** null: it is no answer of the contract. */
export function readAnswer(text: string): Said | null {
  return read(answer, parse(text));
}

/** As `readAnswer`, of a text that says when it was written: one from another time is no answer. */
export function readWritten(text: string, now: Millis, staleMs: Millis): Said | null {
  const json = parse(text);
  const at = read(written, json)?.writtenAt ?? null;
  return at === null || Math.abs(now - at) > staleMs ? null : read(answer, json);
}

function read<T>(shape: z.ZodType<T>, json: unknown): T | null {
  const parsed = shape.safeParse(json);
  return parsed.success ? parsed.data : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
