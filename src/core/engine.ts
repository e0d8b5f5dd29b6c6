/**
 * One fleet's loop without a world: a sample in, a count out, minute by minute. `muster decide` and the backtest speak
 * through it. It starts with an empty history and keeps its own books where a sample leaves counts unknown.
 */
import { decide } from './decide.js';
import { wantsGuard } from './guard.js';
import { emptyMemory, learn } from './learn.js';
import type { Memory } from './memory.js';
import { type Decision, type Millis, type Sample, type Seen, target, type ZoneSeen } from './model.js';
import { place } from './placement.js';
import { cycleStart, type Policy } from './policy.js';
import type { Reason } from './reasons.js';
import { remember } from './remember.js';
import { silence, silenceReason } from './voters.js';

export interface EngineAnswer {
  at: Millis;
  /** Workers there shall be, after all limits; on holds too. */
  desired: number;
  kind: 'scale' | 'hold';
  /** 'cycle' on cycle minutes, 'guard' where the guard decided, null on all others. */
  trigger: 'cycle' | 'guard' | null;
  reasons: Reason[];
}

export interface Engine {
  /** `sample.at` must be later than that of the sample before. */
  observe(sample: Sample): EngineAnswer;
}

/** The first sample is a cycle; after it the first one at or after each multiple of the cycle. */
export function createEngine(configured: Policy, fleet: string): Engine {
  const policy: Policy = { ...configured, mode: 'act', firstContactCycles: 0, cycleOffsetSeconds: 0 };
  let memory = emptyMemory();
  let lastCycle = -Infinity;

  return {
    observe(sample) {
      memory = learn(memory, sample, policy);
      const counts = countsOf(sample, memory, policy);
      memory = withCounts(memory, counts.ready + counts.starting);
      const cycle = cycleStart(sample.at, policy);
      const isCycle = cycle > lastCycle;
      lastCycle = cycle;
      const seen: Seen = {
        v: 1,
        fleet,
        now: sample.at,
        cycle,
        trigger: isCycle ? 'cycle' : 'guard',
        sample,
        missing: [],
        zones: zonesOf(counts, policy),
        memory,
        override: null,
        freezes: [],
      };
      if (!isCycle && !wantsGuard(seen, policy)) return quietMinute(seen, policy);
      const decision = decide(seen, policy);
      memory = remember(memory, seen, decision);
      return answerOf(sample.at, decision, isCycle ? 'cycle' : 'guard');
    },
  };
}

interface Counts {
  ready: number;
  starting: number;
}

/** What the line says, and our own bookkeeping where it says nothing. */
function countsOf(sample: Sample, memory: Memory, policy: Policy): Counts {
  const { ready, starting } = sample;
  const asked = memory.desired ?? 0;
  if (ready !== null) return { ready, starting: starting ?? Math.max(0, asked - ready) };
  if (starting !== null) return { ready: Math.max(0, asked - starting), starting };
  const startupMs = policy.startupSeconds * 1_000;
  const coming = memory.raises
    .filter((raise) => raise.at + startupMs > sample.at)
    .reduce((sum, raise) => sum + raise.count, 0);
  return { ready: Math.max(0, asked - coming), starting: Math.min(asked, coming) };
}

/** The input wins over what was asked for. */
const withCounts = (memory: Memory, total: number): Memory =>
  memory.desired === total ? memory : { ...memory, desired: total };

function zonesOf(counts: Counts, policy: Policy): ZoneSeen[] {
  const empty = policy.zones.map(
    (zone): ZoneSeen => ({ zone, up: true, desired: 0, ready: 0, starting: 0, draining: 0, blocked: null }),
  );
  const single: Policy = { ...policy, workersPerAllocation: 1 };
  const desired = place(counts.ready + counts.starting, empty, single);
  const ready = place(counts.ready, empty, single);
  return empty.map((zone, i) => ({
    ...zone,
    desired: desired[i]!.workers,
    ready: Math.min(ready[i]!.workers, desired[i]!.workers),
    starting: Math.max(0, desired[i]!.workers - ready[i]!.workers),
  }));
}

const answerOf = (at: Millis, decision: Decision, trigger: 'cycle' | 'guard'): EngineAnswer => ({
  at,
  desired: target(decision),
  kind: decision.kind,
  trigger,
  reasons: decision.reasons,
});

/** A minute between cycles in which nothing threatens, or nothing can be seen. */
function quietMinute(seen: Seen, policy: Policy): EngineAnswer {
  const count = seen.memory.desired ?? 0;
  const silent = silence(seen, policy);
  const reason: Reason = silent === null ? { code: 'steady', count } : silenceReason(silent, count, count);
  return { at: seen.now, desired: count, kind: 'hold', trigger: null, reasons: [reason] };
}
