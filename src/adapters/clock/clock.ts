import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../ports.js';

export interface Anchor {
  wallMs: number;
  simMs: number;
  speed: number;
}

/** The Muster clock: the machine's own in production, an anchor shared by all processes in the sandbox. */
export function createClock(
  anchor: Anchor | null,
): Clock & { anchor(): Anchor; follow(anchor: Anchor): void; machineNow(): number } {
  let base = anchor ?? { wallMs: 0, simMs: 0, speed: 1 };
  return {
    speed: base.speed,
    now: () => Math.round(base.simMs + (Date.now() - base.wallMs) * base.speed),
    sleep: async (ms, signal) => {
      try {
        await wait(Math.max(0, ms) / base.speed, undefined, signal === undefined ? {} : { signal });
      } catch {
        // Aborted: the caller asked to be woken early.
      }
    },
    machineNow: () => Date.now(),
    anchor: () => ({ ...base }),
    follow: (next) => {
      if (next.speed === base.speed) base = { ...next };
    },
  };
}
