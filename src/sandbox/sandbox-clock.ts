/**
 * The sandbox's Muster clock: an anchor that the world and every bot share, so that all of them read the same time
 * without asking each other. Simulated time = anchor.simMs + (machine time - anchor.wallMs) x speed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Millis } from '../core/model.js';
import { OperatorError } from '../errors.js';
import type { Clock } from '../ports.js';

export interface Anchor {
  /** Machine time, ms since the Unix epoch. */
  wallMs: Millis;
  /** Muster time at that moment. */
  simMs: Millis;
  /** Muster milliseconds per machine millisecond, 1 to 600. */
  speed: number;
}

export interface SandboxClock extends Clock {
  anchor(): Anchor;
  /** Goes on from `simMs` at this moment: after the machine slept, say. Everybody who holds the old anchor must get the new one. */
  reanchor(simMs: Millis): void;
}

export const SPEED = { least: 1, most: 600, usual: 60 } as const;

export function createSandboxClock(
  start: { simMs: Millis; speed: number },
  wallNow: () => Millis = Date.now,
): SandboxClock {
  let anchor: Anchor = { wallMs: wallNow(), simMs: start.simMs, speed: start.speed };
  return {
    speed: start.speed,
    now: () => Math.round(anchor.simMs + (wallNow() - anchor.wallMs) * anchor.speed),
    anchor: () => ({ ...anchor }),
    reanchor: (simMs) => {
      anchor = { wallMs: wallNow(), simMs, speed: start.speed };
    },
    sleep: async (ms, signal) => {
      try {
        await sleep(Math.max(0, ms) / start.speed, undefined, signal === undefined ? {} : { signal });
      } catch {
        // Aborted: the caller asked to be woken early.
      }
    },
  };
}

export function checkSpeed(speed: number): number {
  if (speed >= SPEED.least && speed <= SPEED.most) return speed;
  throw new OperatorError(
    'bad-input',
    `--speed must be a number from ${SPEED.least} to ${SPEED.most}: how many times faster than real time the sandbox runs.`,
  );
}
