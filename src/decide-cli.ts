/**
 * `muster decide`: the policy engine on standard input and output. One line in, one line out, for co-simulation: the
 * other side runs the world and applies `desired`.
 */
import type { Writable } from 'node:stream';
import { decide } from './core/decide.js';
import { wantsGuard } from './core/guard.js';
import { emptyMemory, learn } from './core/learn.js';
import type { Memory } from './core/memory.js';
import { type Decision, type Sample, type Seen, target, type ZoneSeen } from './core/model.js';
import { place } from './core/placement.js';
import { cycleStart, type Policy } from './core/policy.js';
import type { Reason } from './core/reasons.js';
import { remember } from './core/remember.js';
import { silence, silenceReason } from './core/voters.js';

export interface DecideOptions {
  policy: Policy;
  /** Text in chunks of any size. */
  input: AsyncIterable<string | Uint8Array>;
  output: Writable;
  fleet?: string;
}

/** Answers each line before the next is read, and waits for a slow reader. Ends when the input ends. */
export async function runDecide({ policy, input, output, fleet }: DecideOptions): Promise<void> {
  const session = createSession(policy, fleet);
  for await (const line of linesOf(input)) await write(output, `${session.answer(line)}\n`);
}

export interface Session {
  /** The answer to one line, without its line end. Never throws. */
  answer(line: string): string;
}

/** A conversation that starts with an empty history: own bookkeeping over what the lines leave unknown. */
export function createSession(configured: Policy, fleet = 'fleet'): Session {
  const policy: Policy = { ...configured, mode: 'act', firstContactCycles: 0, cycleOffsetSeconds: 0 };
  let memory = emptyMemory();
  let lastCycle = -Infinity;
  let lineNumber = 0;

  const observe = (sample: Sample): object => {
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
  };

  return {
    answer(line) {
      lineNumber += 1;
      const sample = parseLine(line, memory.lastAt);
      if ('code' in sample) return JSON.stringify({ error: { line: lineNumber, ...sample } });
      return JSON.stringify(observe(sample));
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

const answerOf = (at: number, decision: Decision, trigger: 'cycle' | 'guard'): object => ({
  at: instant(at),
  desired: target(decision),
  kind: decision.kind,
  trigger,
  reasons: decision.reasons,
});

/** A minute between cycles in which nothing threatens, or nothing can be seen. */
function quietMinute(seen: Seen, policy: Policy): object {
  const count = seen.memory.desired ?? 0;
  const silent = silence(seen, policy);
  const reason: Reason = silent === null ? { code: 'steady', count } : silenceReason(silent, count, count);
  return { at: instant(seen.now), desired: count, kind: 'hold', trigger: null, reasons: [reason] };
}

interface LineError {
  code: 'bad-json' | 'bad-time' | 'time-not-increasing' | 'bad-number';
  message: string;
}

const NUMBERS = [
  'requestsPerSecond',
  'backlog',
  'oldestAgeSeconds',
  'p95Seconds',
  'ready',
  'starting',
] as const;
const COUNTS = new Set<string>(['ready', 'starting']);
const MOST_WORKERS = 1_000_000;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

function parseLine(line: string, lastAt: number | null): Sample | LineError {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return { code: 'bad-json', message: 'the line is not a JSON object' };
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    return { code: 'bad-json', message: 'the line is not a JSON object' };
  }
  const given = fields as Record<string, unknown>;
  const at = typeof given.at === 'string' && INSTANT.test(given.at) ? Date.parse(given.at) : Number.NaN;
  if (!Number.isFinite(at)) {
    return { code: 'bad-time', message: '"at" must be an instant such as 2026-01-05T00:01:00Z' };
  }
  if (lastAt !== null && at <= lastAt) {
    return { code: 'time-not-increasing', message: `"at" must be later than ${instant(lastAt)}` };
  }
  const sample: Sample = {
    at,
    requestsPerSecond: null,
    backlog: null,
    oldestAgeSeconds: null,
    p95Seconds: null,
    ready: null,
    starting: null,
  };
  for (const name of NUMBERS) {
    const value = given[name] ?? null;
    if (value === null) continue;
    const valid =
      typeof value === 'number' &&
      Number.isFinite(value) &&
      value >= 0 &&
      (!COUNTS.has(name) || (Number.isInteger(value) && value <= MOST_WORKERS));
    if (!valid) {
      const kind = COUNTS.has(name) ? `a whole number from 0 to ${MOST_WORKERS}` : 'a number of at least 0';
      return { code: 'bad-number', message: `"${name}" must be ${kind} or null` };
    }
    sample[name] = value;
  }
  return sample;
}

/** ISO 8601 without needless milliseconds. */
function instant(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}

async function* linesOf(input: AsyncIterable<string | Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of input) {
    rest += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    let end = rest.indexOf('\n');
    let start = 0;
    while (end >= 0) {
      yield rest.slice(start, end).replace(/\r$/, '');
      start = end + 1;
      end = rest.indexOf('\n', start);
    }
    rest = rest.slice(start);
  }
  if (rest !== '') yield rest;
}

function write(output: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
