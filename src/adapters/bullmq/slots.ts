import type { Millis } from '../../core/model.js';
import type { Clock } from '../../ports.js';

/** The Muster clock with its anchor: BullMQ waits on the machine's clock, so slots are converted. */
export type AnchoredClock = Clock & { anchor(): { wallMs: number; simMs: Millis; speed: number } };

export interface Grid {
  everyMs: Millis;
  offsetMs: Millis;
}

/** The first slot after `at`, Muster time. */
export function slotAfter(at: Millis, { everyMs, offsetMs }: Grid): Millis {
  return Math.floor((at - offsetMs) / everyMs) * everyMs + offsetMs + everyMs;
}

/** The slot that `at` stands for: machine milliseconds are coarse, at speed 600 one is 600 ms of Muster time. */
export function slotAt(at: Millis, { everyMs, offsetMs }: Grid): Millis {
  return Math.round((at - offsetMs) / everyMs) * everyMs + offsetMs;
}

/** Rounded up: at that moment the Muster clock has reached `at`. */
export function toMachine(clock: AnchoredClock, at: Millis): number {
  const { wallMs, simMs, speed } = clock.anchor();
  return Math.ceil(wallMs + (at - simMs) / speed);
}

export function toMuster(clock: AnchoredClock, machineMs: number): Millis {
  const { wallMs, simMs, speed } = clock.anchor();
  return simMs + (machineMs - wallMs) * speed;
}

/** BullMQ carries a schedule's grid as its 'pattern' text. */
export const toPattern = ({ everyMs, offsetMs }: Grid): string => `muster ${everyMs} ${offsetMs}`;

export function fromPattern(pattern: string): Grid {
  const [, everyMs, offsetMs] = pattern.split(' ').map(Number);
  if (everyMs === undefined || offsetMs === undefined || !(everyMs > 0))
    throw new Error(`not a schedule of Muster's: ${pattern}`);
  return { everyMs, offsetMs };
}

/** BullMQ's `repeatStrategy`: the next slot on the Muster clock, as machine time. Missed slots are skipped, nothing drifts. */
export const repeatOn =
  (clock: AnchoredClock) =>
  (machineMs: number, options: { pattern?: string }): number => {
    const grid = fromPattern(options.pattern ?? '');
    // One more millisecond, so that rounding never finds the slot that has just been.
    return toMachine(clock, slotAfter(toMuster(clock, machineMs) + 1, grid));
  };
