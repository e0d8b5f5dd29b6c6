/** Recorded traffic: `timestamp,requests`, one row a minute, UTC. A minute that has no row is missing, not zero. */
import { createReadStream } from 'node:fs';
import type { Millis } from '../core/model.js';
import { parseInstant } from '../core/parse-time.js';
import { OperatorError } from '../errors.js';

export interface Trace {
  /** Start of the first minute. */
  start: Millis;
  /** Requests of each minute from `start` on; null: no row. */
  minutes: (number | null)[];
}

const MINUTE = 60_000;
const MISTAKES_SHOWN = 5;
/** A wrong year in one row must not fill the memory with missing minutes. */
const LONGEST_MINUTES = 3 * 366 * 1_440;

/** Reads a file piece by piece. Throws OperatorError('bad-input') naming lines and values, the first five together. */
export async function readTrace(path: string): Promise<Trace> {
  try {
    return await parseTrace(createReadStream(path, { encoding: 'utf8' }), path);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new OperatorError('bad-input', `trace ${path}: cannot be read (${code})`);
  }
}

export async function parseTrace(
  chunks: AsyncIterable<string> | Iterable<string>,
  name = 'trace',
): Promise<Trace> {
  const rows = createRows();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) rows.take(line);
    // The first mistakes say enough: reading on through a film in the wrong format helps nobody.
    if (rows.mistakes.length > MISTAKES_SHOWN) break;
  }
  if (rest !== '') rows.take(rest);
  const { trace, mistakes } = rows;
  if (mistakes.length > 0) {
    const shown = mistakes.slice(0, MISTAKES_SHOWN).map((mistake) => `  ${mistake}`);
    if (mistakes.length > MISTAKES_SHOWN) shown.push('  … and more');
    throw new OperatorError(
      'bad-input',
      `trace ${name} has lines that are not timestamp,requests:\n${shown.join('\n')}`,
      'timestamp,requests with one row a minute, such as 2026-01-05T00:01:00Z,1042',
    );
  }
  if (trace.minutes.length === 0) throw new OperatorError('bad-input', `trace ${name} holds no minute`);
  return trace;
}

function createRows() {
  const trace: Trace = { start: 0, minutes: [] };
  const mistakes: string[] = [];
  let number = 0;

  const take = (raw: string): void => {
    number++;
    const mistake = takeRow(trace, raw, number);
    if (mistake !== null) mistakes.push(`line ${number}: ${mistake}`);
  };
  return { take, trace, mistakes };
}

/** Adds the row to the trace, or says what is wrong with it. */
function takeRow(trace: Trace, raw: string, number: number): string | null {
  const line = raw.replace(/^\uFEFF/, '').trim();
  if (line === '' || line.startsWith('#')) return null;
  const fields = line.split(',').map((field) => field.trim().replace(/^"(.*)"$/, '$1'));
  const [stamp = '', count = ''] = fields;
  if (number === 1 && fields.length === 2 && isWord(stamp) && isWord(count)) return null; // the header
  if (fields.length !== 2) return `${fields.length} columns in ${quoted(line)}, must be two`;
  const at = parseTime(stamp);
  if (at === null) return `timestamp ${quoted(stamp)} is not a UTC time`;
  const requests = count === '' ? null : Number(count);
  if (requests !== null && !Number.isFinite(requests)) return `requests ${quoted(count)} is not a number`;
  if (requests !== null && requests < 0) return `requests ${quoted(count)} is negative`;
  const minute = Math.floor(at / MINUTE) * MINUTE;
  if (trace.minutes.length === 0) trace.start = minute;
  const index = (minute - trace.start) / MINUTE;
  if (index === trace.minutes.length - 1) return `${quoted(stamp)} repeats the minute of the row before`;
  if (index < trace.minutes.length) return `${quoted(stamp)} is earlier than the row before`;
  if (index >= LONGEST_MINUTES) return `${quoted(stamp)} is more than three years after the first row`;
  while (trace.minutes.length < index) trace.minutes.push(null);
  trace.minutes.push(requests);
  return null;
}

const isWord = (text: string): boolean => /^[a-z_ ]+$/i.test(text);

/** ISO 8601 with or without the zone (then UTC), a blank instead of the T, or epoch seconds or milliseconds. */
function parseTime(text: string): Millis | null {
  if (/^\d{9,10}$/.test(text)) return Number(text) * 1_000;
  if (/^\d{12,13}$/.test(text)) return Number(text);
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?$/.exec(text);
  if (match === null) return null;
  return parseInstant(`${match[1]}T${match[2]}${match[3] ?? 'Z'}`);
}

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
