/**
 * Whether this machine's clock is right, by the one clock that all replicas share: Redis's. A replica whose clock is wrong
 * would keep samples of another hour and name other cycles, for all of them; it leaves the work to the others.
 */
import type { Log } from '../../ports.js';

/** Machine time. */
const EVERY_MS = 10_000;
/** From here on it is said; a machine that keeps time is off by milliseconds. */
export const SKEW_WARN_MS = 5_000;
/** From here on nothing is done: a minute is the grain of what is learnt and decided. */
export const SKEW_STOP_MS = 60_000;

export interface ClockWatchOptions {
  /** The machine's clock. */
  machineNow(): number;
  /** Redis's clock, milliseconds. Throws when it does not answer. */
  redisNow(): Promise<number>;
  log: Log;
  /** Takes no more work, or takes it again; called once a change. */
  rest(): Promise<void>;
  goOn(): Promise<void>;
}

export interface ClockWatch {
  /** Looks once; gives whether work may be done. A Redis that is silent changes nothing. */
  look(): Promise<boolean>;
  /** Looks every ten seconds. */
  start(): void;
  stop(): void;
  /** A sentence, while nothing is done here; null: the clock is right. */
  problem(): string | null;
}

export function createClockWatch({ machineNow, redisNow, log, rest, goOn }: ClockWatchOptions): ClockWatch {
  let skew = 0;
  let isResting = false;
  let hasWarned = false;
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<boolean> {
    const found = await skewOf(machineNow, redisNow).catch(() => null);
    if (found === null) return !isResting;
    skew = found;
    const size = Math.abs(skew);
    const words = skewWords(skew);
    if (size > SKEW_WARN_MS && !hasWarned) log.warn({ skewMs: skew }, `this ${words}`);
    hasWarned = size > SKEW_WARN_MS;
    const shouldRest = size > SKEW_STOP_MS;
    if (shouldRest !== isResting) {
      isResting = shouldRest;
      if (shouldRest) log.error({ skewMs: skew }, `this ${words}: it leaves all work to other replicas`);
      else log.info({ skewMs: skew }, 'the clock of this machine is right again: it takes work');
      await (shouldRest ? rest() : goOn());
    }
    return !isResting;
  }

  return {
    look,
    start() {
      timer = setInterval(() => {
        look().catch((error: unknown) => log.error({ error }, 'the look at the clock failed'));
      }, EVERY_MS);
      timer.unref();
    },
    stop: () => clearInterval(timer),
    problem: () => (isResting ? `This ${skewWords(skew)}.` : null),
  };
}

/** How far this machine's clock is ahead, milliseconds; the time that the answer took is never counted as skew. */
export async function skewOf(machineNow: () => number, redisNow: () => Promise<number>): Promise<number> {
  const before = machineNow();
  const there = await redisNow();
  const after = machineNow();
  if (after < before) return after - there;
  return there < before ? before - there : there > after ? after - there : 0;
}

export function skewWords(skewMs: number): string {
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return `machine's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} Redis's`;
}
