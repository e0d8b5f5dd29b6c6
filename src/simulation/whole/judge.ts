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
  /** Processes that died, by the call at which they did. */
  kills: Record<string, number>;
  /** How rollouts, maintenances and remedies ended: 'rollout done', say. */
  ends: Record<string, number>;
}

type Listener = { name: string; check: (event: WholeEvent) => string | null };

const MOST_BROKEN = 20;

/** The truth that is to be told from now on: whatever is told to it is logged, counted and judged. */
export function createJudge(told: Truth, log: DayLog, counts: Counts): { truth: Truth; broken: Broken[] } {
  const broken: Broken[] = [];
  const listeners = listenersTo(told);
  const isRepeated = repeats();
  const truth: Truth = {
    ...told,
    tell(event) {
      told.tell(event);
      if (event.kind === 'decision') counts.decisions += 1;
      if (event.kind === 'act') counts.actions += 1;
      if (event.kind === 'machine' && !event.open) count(counts.ends, endOf(event));
      const text = lineOf(event);
      if (text !== null && !isRepeated(event)) log.line(told.now(), text);
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

/** Steps that are stored or taken again and again say nothing new. */
function repeats(): (event: WholeEvent) => boolean {
  const last = new Map<string, string>();
  return (event) => {
    if (event.kind !== 'machine' && !(event.kind === 'touch' && event.what === 'prepull')) return false;
    const key = event.kind === 'machine' ? `${event.what} ${event.id}` : `prepull ${event.fleet}`;
    const now = event.kind === 'machine' ? `${event.phase} ${event.detail}` : `${event.by} ${event.image}`;
    const isSame = last.get(key) === now;
    last.set(key, now);
    return isSame;
  };
}

export function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

/** A maintenance tells how it ended, the others what they ended as. */
const endOf = ({ what, phase, detail }: Extract<WholeEvent, { kind: 'machine' }>): string =>
  `${what} ${what === 'maintenance' ? detail : phase}`;

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
