/** Virtual time: it jumps to whatever is due next, and what is due has its turn. */
import type { Millis } from '../../core/model.js';
import type { Store } from '../../ports.js';
import type { MemoryQueue } from '../memory-queue.js';
import type { DayLog } from './log.js';
import type { Typed } from './people.js';
import type { Happening } from './plan.js';
import type { Replicas } from './replicas.js';
import type { Truth } from './truth.js';

export interface Time {
  /** Lets time pass up to a moment, as long as `goesOn` says so, and everybody work in it. */
  passTo(to: Millis, goesOn?: () => boolean): Promise<void>;
}

export interface TimeSpec {
  truth: Truth;
  log: DayLog;
  store: Store;
  queue: MemoryQueue;
  replicas: Replicas;
  /** In the order of their moments; what is done is taken away. */
  happenings: Happening[];
  typed: Typed[];
  say(text: string, by: Typed['by']): Promise<string>;
  /** What the world does by itself each minute. */
  eachMinute?(): Promise<void>;
}

const MINUTE = 60_000;
/** Runs under way at once, over all replicas. */
const MOST_RUNS = 4;

export function createTime({
  truth,
  log,
  store,
  queue,
  replicas,
  happenings,
  typed,
  say,
  eachMinute,
}: TimeSpec): Time {
  const { world } = truth;
  let minute = truth.start;
  let hour = truth.start;

  const advance = (to: Millis): void => {
    world.advance(to);
    replicas.giveUpLate();
  };
  const nextAt = (): Millis => {
    let next = minute;
    const first = happenings[0];
    if (first !== undefined && first.at < next) next = first.at;
    if (replicas.running() >= MOST_RUNS) return next;
    const word = typed[0];
    if (word !== undefined && word.at < next) next = word.at;
    return Math.min(next, queue.nextAt() ?? Infinity);
  };
  /** The first thing that is due now. */
  async function turn(): Promise<void> {
    const now = world.now();
    if (minute <= now) {
      minute += MINUTE;
      truth.tell({ kind: 'minute', waiting: await store.waiting() });
      await eachMinute?.();
      if (hour <= now) {
        hour += 60 * MINUTE;
        truth.tell({ kind: 'hour', auditOk: (await store.verifyAudit()).ok });
      }
      return;
    }
    const happening = happenings[0];
    if (happening !== undefined && happening.at <= now) {
      happenings.shift();
      log.line(now, happening.what);
      await happening.does(world);
      if (happening.foreign !== undefined) truth.tell({ kind: 'foreign', ...happening.foreign });
      return;
    }
    const word = typed[0];
    if (word !== undefined && word.at <= now) {
      typed.shift();
      await say(typeof word.text === 'string' ? word.text : word.text(world), word.by);
      return;
    }
    await queue.next();
  }
  return {
    async passTo(to, goesOn = () => true) {
      while (goesOn()) {
        const next = nextAt();
        if (next > to) break;
        advance(next);
        await turn();
      }
      if (goesOn()) advance(to);
    },
  };
}
