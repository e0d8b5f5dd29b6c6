import type { Millis } from '../core/model.js';
import type { Clock, JobHandler, JobRunner, Schedule } from '../ports.js';

/** A handler that throws this dies like a process under kill -9: the job runs again, and no attempt is counted. */
export class Crashed extends Error {
  override readonly name = 'Crashed';
}

export interface MemoryRun {
  job: string;
  data: unknown;
  slot: Millis | null;
  outcome: 'done' | 'failed' | 'crashed';
  error: unknown;
}

/** The Queue and its runner in memory. Nothing happens by itself: the simulation moves the clock and asks for `next`. */
export interface MemoryQueue extends JobRunner {
  /** When the next job is due, Muster time; null when nothing waits. It may lie in the past. */
  nextAt(): Millis | null;
  /** Runs the first job that is due at the clock's now, to its end; null when none is. */
  next(): Promise<MemoryRun | null>;
  /** Runs until nothing is due, at most so many runs; the runs in their order. */
  settle(most?: number): Promise<MemoryRun[]>;
  /** Delivers some jobs twice, as a queue may: asked before each job is taken off. */
  deliverTwice(wanted: (job: string) => boolean): void;
}

interface Waiting {
  job: string;
  data: unknown;
  slot: Millis | null;
  due: Millis;
  order: number;
  attempts: number;
  dedupe: string | null;
}

/** Here no deadline aborts a run. */
const NEVER = new AbortController().signal;
/** Muster time until a job that failed is tried again. */
const AGAIN_MS = 1_000;
const USUAL_ATTEMPTS = 3;

/**
 * Deterministic: due time first, then the order of arrival. Deduplication is that of the real queue: one waiting and
 * one active job of an id, the newest data wins; of delayed ones the earliest stays. `next` may be called again while an
 * earlier one still runs, as by a second worker.
 */
export function createMemoryQueue(
  clock: Pick<Clock, 'now'>,
  { lockMs = AGAIN_MS }: { /** Until a job whose worker died is taken over. */ lockMs?: Millis } = {},
): MemoryQueue {
  let schedules: { schedule: Schedule; due: Millis }[] = [];
  const handlers = new Map<string, JobHandler>();
  let waiting: Waiting[] = [];
  let order = 0;
  let twice: (job: string) => boolean = () => false;
  let closed = false;
  const active: Waiting[] = [];

  const add = ({ job, data, slot, due, dedupe }: Omit<Waiting, 'order' | 'attempts'>): void => {
    waiting.push({ job, data, slot, due, dedupe, order: order++, attempts: 0 });
  };
  const put = (job: string, data: unknown, dedupe: string | null, slot: Millis | null): void => {
    const due = clock.now();
    const same = dedupe === null ? undefined : waiting.find((other) => isNow(other, job, dedupe));
    if (same) Object.assign(same, { data, slot });
    else add({ job, data, slot, due, dedupe });
  };
  const putLater = (job: string, data: unknown, dedupe: string | null, due: Millis): void => {
    const id = dedupe === null ? null : later(dedupe);
    const same = waiting.find((other) => other.job === job && id !== null && other.dedupe === id);
    if (same && same.due <= due) return;
    if (same) waiting = waiting.filter((other) => other !== same);
    add({ job, data, slot: null, due, dedupe: id });
  };
  const tick = (): void => {
    const now = clock.now();
    for (const one of dueOf(schedules, now).sort((a, b) => a.due - b.due)) {
      const { job, data, dedupe, id } = one.schedule;
      put(job, data, dedupe === undefined ? id : dedupe, one.due);
      one.due = slotAfter(now, one.schedule);
    }
    for (const timer of dueOf(waiting, now).filter(isTimer)) {
      waiting = waiting.filter((other) => other !== timer);
      put(timer.job, timer.data, (timer.dedupe ?? '').slice(1), null);
    }
  };
  const take = (): Waiting | null => {
    tick();
    const now = clock.now();
    let first: Waiting | null = null;
    for (const one of waiting)
      if (one.due <= now && (first === null || isBefore(one, first)) && isFree(one)) first = one;
    if (first === null) return null;
    waiting.splice(waiting.indexOf(first), 1);
    if (twice(first.job)) waiting.push({ ...first, dedupe: null, order: order++ });
    return first;
  };
  const next = async (): Promise<MemoryRun | null> => {
    const taken = closed ? null : take();
    const handler = taken && handlers.get(taken.job);
    if (!taken || !handler) return null;
    const { job, data, slot } = taken;
    active.push(taken);
    try {
      await handler.run(copy(data), { signal: NEVER, slot });
      return { job, data, slot, outcome: 'done', error: null };
    } catch (error) {
      const crashed = error instanceof Crashed;
      const attempts = taken.attempts + (crashed ? 0 : 1);
      const due = clock.now() + (crashed ? lockMs : AGAIN_MS);
      if (attempts < (handler.attempts ?? USUAL_ATTEMPTS)) again({ ...taken, attempts, due });
      return { job, data, slot, outcome: crashed ? 'crashed' : 'failed', error };
    } finally {
      active.splice(active.indexOf(taken), 1);
    }
  };
  const again = (taken: Waiting): void => {
    const { job, dedupe } = taken;
    const newer = dedupe === null ? undefined : waiting.find((other) => isNow(other, job, dedupe));
    if (!newer) waiting.push({ ...taken, order: order++ });
  };
  /** Somebody works on this kind, and nobody has a run of the same id under way. */
  const isFree = ({ job, dedupe }: Waiting): boolean =>
    handlers.has(job) && (dedupe === null || !active.some((other) => isNow(other, job, dedupe)));

  return {
    queue: {
      async enqueue(job, data, { dedupe, delayMs = 0 } = {}) {
        if (delayMs > 0) putLater(job, copy(data), dedupe ?? null, clock.now() + delayMs);
        else put(job, copy(data), dedupe ?? null, null);
      },
    },
    async schedule(all) {
      const known = new Map(schedules.map((one) => [JSON.stringify(one.schedule), one]));
      schedules = copy(all).map((schedule) => {
        const before = known.get(JSON.stringify(schedule));
        return before ?? { schedule, due: slotAfter(clock.now(), schedule) };
      });
    },
    async work(all) {
      for (const [job, handler] of Object.entries(all)) handlers.set(job, handler);
    },
    async close() {
      closed = true;
    },
    nextAt() {
      let first = Infinity;
      for (const { due } of schedules) if (due < first) first = due;
      for (const one of waiting) if (one.due < first && isFree(one)) first = one.due;
      return first === Infinity ? null : first;
    },
    next,
    async settle(most = 10_000) {
      const runs: MemoryRun[] = [];
      while (runs.length < most) {
        const run = await next();
        if (run === null) break;
        runs.push(run);
      }
      return runs;
    },
    deliverTwice(wanted) {
      twice = wanted;
    },
  };
}

/** A delayed, deduplicated run waits under a name of its own, so that it keeps no earlier run away. */
const later = (dedupe: string): string => `\n${dedupe}`;
const isTimer = ({ dedupe }: Waiting): boolean => dedupe?.startsWith('\n') ?? false;
const isBefore = (a: Waiting, b: Waiting): boolean => a.due < b.due || (a.due === b.due && a.order < b.order);
/** Mostly nothing is due. */
const dueOf = <T extends { due: Millis }>(all: T[], now: Millis): T[] =>
  all.some(({ due }) => due <= now) ? all.filter(({ due }) => due <= now) : [];
const isNow = (one: Waiting, job: string, dedupe: string): boolean =>
  one.job === job && one.dedupe === dedupe;

const slotAfter = (at: Millis, { everyMs, offsetMs }: Schedule): Millis =>
  Math.floor((at - offsetMs) / everyMs) * everyMs + offsetMs + everyMs;

const copy = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T));
