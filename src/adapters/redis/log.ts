import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { defineScript, type Link } from './connection.js';
import { newestLua, oldestLua, packLua, packsLua, sinceLua } from './lua/log.js';

/**
 * A log of lines that only grows at its end: a tail of plain lines that scripts append to, and packs of older lines,
 * deflated here (Lua cannot). Packing happens after a write that made the tail long, by whoever wrote it; it is
 * guarded, so that a crash or two packers at once lose and double nothing.
 */
export interface LineLog {
  /** Under the store's prefix. */
  name: string;
  /** Lines in one pack. */
  pack: number;
  /** Packing begins when the tail is this long. */
  longest: number;
}

const since = defineScript('since', sinceLua);
const newest = defineScript('newest', newestLua);
const oldest = defineScript('oldest', oldestLua);
const pack = defineScript('pack', packLua);
const packs = defineScript('packs', packsLua);

/** Every line whose pack reaches `score`, oldest first; the caller filters by line. */
export async function linesSince(link: Link, log: LineLog, score: number, tried: string): Promise<string[]> {
  return unfold(await link.runRaw(since, tried, log.name, redisNumber(score)));
}

/** At least the newest `limit` lines, oldest first. */
export async function newestLines(link: Link, log: LineLog, limit: number, tried: string): Promise<string[]> {
  const lines = unfold(await link.runRaw(newest, tried, log.name, limit, log.pack));
  return lines.slice(-limit);
}

/** Packs by their place, with the score they were given. */
export async function packedLines(
  link: Link,
  log: LineLog,
  first: number,
  last: number,
  tried: string,
): Promise<{ score: number; lines: string[] }[]> {
  const reply = (await link.runRaw(packs, tried, log.name, first, last)) as Buffer[];
  const found: { score: number; lines: string[] }[] = [];
  for (let i = 0; i + 1 < reply.length; i += 2)
    found.push({ score: Number(String(reply[i + 1])), lines: inflate(reply[i] as Buffer) });
  return found;
}

/**
 * Packs the oldest lines when the tail has `length` lines and that is too many. `fold` may rewrite the lines and says
 * by which score the pack is found; packs scored at or below `forget` go. False when there was nothing to do.
 */
export async function packLines(
  link: Link,
  log: LineLog,
  length: number,
  fold: (lines: string[]) => Promise<{ lines: string[]; score: number; forget: number }>,
): Promise<boolean> {
  if (length < log.longest || link.packing.has(log.name)) return false;
  link.packing.add(log.name);
  try {
    const tried = `pack ${log.name}`;
    const lines = (await link.run(oldest, tried, log.name, log.pack)) as string[];
    const first = lines[0];
    if (first === undefined || lines.length < log.pack) return false;
    const folded = await fold(lines);
    const packed = deflateRawSync(folded.lines.join('\n'));
    const given = [log.name, lines.length, first, packed, folded.score, folded.forget];
    return (await link.run(pack, tried, ...given)) === 1;
  } finally {
    link.packing.delete(log.name);
  }
}

function unfold(reply: unknown): string[] {
  const [packed, tail] = reply as [Buffer[], Buffer[]];
  return [...packed.flatMap(inflate), ...tail.map(String)];
}

const redisNumber = (score: number): string => (score === Number.POSITIVE_INFINITY ? '+inf' : String(score));

const inflate = (packed: Buffer): string[] => inflateRawSync(packed).toString('utf8').split('\n');
