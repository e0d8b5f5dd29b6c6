/** Memory from samples. What a decision leaves behind is in remember.ts. */
import { emptyForecastState } from './forecast/state.js';
import { trainMinute } from './forecast/train.js';
import type { Memory } from './memory.js';
import type { Millis, Sample } from './model.js';
import { cycleStart, type Policy } from './policy.js';
import { stabilizationSeconds } from './presets.js';

const RECENT_MINUTES = 5;
/** Share of a cycle's minutes that must be known for the cycle to count as complete. */
const COMPLETE = 0.8;

export function emptyMemory(): Memory {
  return {
    v: 1,
    rev: 0,
    firstAt: null,
    lastAt: null,
    recent: [],
    forecast: emptyForecastState(),
    votes: [],
    desired: null,
    lastRaiseAt: null,
    lastRaiseFrom: null,
    lastCutAt: null,
    raises: [],
    completeCycles: 0,
    cycleKnown: null,
    lastKnown: { backlog: null, p95Seconds: null, saturation: null },
  };
}

/**
 * The memory after one more minute. A sample at or before `lastAt` changes nothing, so that a minute that is delivered
 * twice is learnt once; a gap leaves the minutes in it unknown.
 */
export function learn(memory: Memory, sample: Sample, policy: Policy): Memory {
  if (memory.lastAt !== null && sample.at <= memory.lastAt) return memory;
  const { at } = sample;
  const windowMs = stabilizationSeconds(policy) * 1_000;
  const startupMs = policy.startupSeconds * 1_000;
  return {
    ...memory,
    rev: memory.rev + 1,
    firstAt: memory.firstAt ?? at,
    lastAt: at,
    recent: [...memory.recent, shortened(sample)].slice(-RECENT_MINUTES),
    forecast: trainMinute(memory.forecast, at, sample.requestsPerSecond, policy),
    votes: memory.votes.filter((vote) => vote.at >= at - windowMs - 60_000),
    raises: memory.raises.filter((raise) => raise.at > at - startupMs),
    lastKnown: {
      backlog: sample.backlog === null ? memory.lastKnown.backlog : at,
      p95Seconds: sample.p95Seconds === null ? memory.lastKnown.p95Seconds : at,
      saturation: sample.saturation == null ? memory.lastKnown.saturation : at,
    },
    ...countCycle(memory, sample, policy),
  };
}

/** Five digits are plenty; every decision carries these minutes. */
function shortened(sample: Sample): Sample {
  const short = (value: number | null): number | null =>
    value === null ? null : Number(value.toPrecision(5));
  const { at, requestsPerSecond, backlog, oldestAgeSeconds, p95Seconds, ready, starting, saturation } =
    sample;
  return {
    at,
    requestsPerSecond: short(requestsPerSecond),
    backlog,
    oldestAgeSeconds: short(oldestAgeSeconds),
    p95Seconds: short(p95Seconds),
    ready,
    starting,
    ...(saturation == null ? {} : { saturation: short(saturation) }),
  };
}

function countCycle(
  memory: Memory,
  sample: Sample,
  policy: Policy,
): Pick<Memory, 'cycleKnown' | 'completeCycles'> {
  // The minute that ends on the boundary belongs to the cycle before it.
  const start = cycleStart(sample.at - 1, policy);
  const known = sample.requestsPerSecond === null ? 0 : vouchedMinutes(memory, sample, start, policy);
  const open = memory.cycleKnown;
  const minutes = (open !== null && open.start === start ? open.minutes : 0) + known;
  const expected = Math.max(1, Math.floor(policy.cycleSeconds / 60));
  const wasComplete = open !== null && open.start === start && open.counted;
  const counted = wasComplete || minutes >= COMPLETE * expected;
  const completeCycles = memory.completeCycles + (counted && !wasComplete ? 1 : 0);
  return { cycleKnown: { start, minutes, counted }, completeCycles: Math.min(completeCycles, 1_000_000) };
}

/** Minutes of the cycle that nobody looked at count as known while the sample before them was not stale yet. */
function vouchedMinutes(memory: Memory, sample: Sample, start: Millis, policy: Policy): number {
  const last = memory.recent.at(-1);
  if (last === undefined || last.requestsPerSecond === null) return 1;
  const vouched = Math.min(sample.at - last.at, policy.staleSeconds * 1_000, sample.at - start);
  return Math.max(1, Math.floor(vouched / 60_000));
}
