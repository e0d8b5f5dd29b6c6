/**
 * `muster decide`: the policy engine on standard input and output. One line in, one line out, for co-simulation: the
 * other side runs the world and applies `desired`.
 */
import type { Writable } from 'node:stream';
import { createEngine } from './core/engine.js';
import type { Sample } from './core/model.js';
import { parseInstant } from './core/parse-time.js';
import type { Policy } from './core/policy.js';

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

/** A conversation that starts with an empty history. It counts single workers, whatever an allocation holds. */
export function createSession(policy: Policy, fleet = 'fleet'): Session {
  const engine = createEngine({ ...policy, workersPerAllocation: 1 }, fleet);
  let lastAt: number | null = null;
  let lineNumber = 0;
  return {
    answer(line) {
      lineNumber += 1;
      const read = parseLine(line, lastAt);
      if ('code' in read) return JSON.stringify({ error: { line: lineNumber, ...read } });
      lastAt = read.sample.at;
      return JSON.stringify({ ...engine.observe(read.sample), at: read.at });
    },
  };
}

interface LineError {
  code: 'too-long' | 'bad-json' | 'bad-time' | 'time-not-increasing' | 'bad-number';
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
/** A line of numbers is a hundredth of it; what never ends must not fill the memory. */
const MOST_CHARACTERS = 65_536;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/** The sample, and `at` as the line writes it. */
function parseLine(line: string, lastAt: number | null): { at: string; sample: Sample } | LineError {
  if (line.length > MOST_CHARACTERS) {
    return { code: 'too-long', message: `a line has at most ${MOST_CHARACTERS} characters` };
  }
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
  const at = typeof given.at === 'string' && INSTANT.test(given.at) ? parseInstant(given.at) : null;
  if (at === null) {
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
  return { at: given.at as string, sample };
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
    // Of a line without an end as much is kept as tells that it is too long.
    rest = rest.slice(start, start + MOST_CHARACTERS + 1);
  }
  if (rest !== '') yield rest;
}

function write(output: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
