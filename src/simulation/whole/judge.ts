/** Tells the truth to the log and to every invariant that listens, and keeps what was broken. */
import type { Millis } from '../../core/model.js';
import type { EventKind, WholeEvent } from './event.js';
import type { Watch } from './invariants/invariant.js';
import { invariants } from './invariants.js';
import { lineOf } from './lines.js';
import type { DayLog } from './log.js';
import type { Truth } from './truth.js';

export interface Broken {
  invariant: string;
  at: Millis;
  /** Events before it: the step. */
  step: number;
  what: string;
}

/** What a whole day counted. */
export interface Counts {
  decisions: number;
  actions: number;
  faults: number;
  commands: number;
  /** Times an invariant was checked. */
  checked: number;
}

type Listener = { name: string; check: (event: WholeEvent) => string | null };

const MOST_BROKEN = 20;

/** The truth that is to be told from now on: whatever is told to it is logged, counted and judged. */
export function createJudge(told: Truth, log: DayLog, counts: Counts): { truth: Truth; broken: Broken[] } {
  const broken: Broken[] = [];
  const listeners = listenersTo(told);
  const truth: Truth = {
    ...told,
    tell(event) {
      told.tell(event);
      if (event.kind === 'decision') counts.decisions += 1;
      if (event.kind === 'act') counts.actions += 1;
      const text = lineOf(event);
      if (text !== null) log.line(told.now(), text);
      for (const { name, check } of listeners.get(event.kind) ?? []) {
        counts.checked += 1;
        const what = check(event);
        if (what === null || broken.length >= MOST_BROKEN) continue;
        broken.push({ invariant: name, at: told.now(), step: told.order(), what });
        log.line(told.now(), `BROKEN ${name}: ${what}`);
      }
    },
  };
  return { truth, broken };
}

function listenersTo(told: Truth): Map<EventKind, Listener[]> {
  const listeners = new Map<EventKind, Listener[]>();
  for (const { name, watch } of invariants)
    for (const [kind, check] of Object.entries(watch(told)) as [EventKind, Watch[EventKind]][]) {
      const all = listeners.get(kind) ?? [];
      all.push({ name, check: check as Listener['check'] });
      listeners.set(kind, all);
    }
  return listeners;
}
