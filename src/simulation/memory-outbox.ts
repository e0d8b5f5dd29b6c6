import type { OutboxRow, PagerEvent } from '../core/message.js';
import type { Millis } from '../core/model.js';
import { PAGER_CHANNEL, PRIORITY_RANK, samePagerEvent } from '../core/outbox.js';
import { RETENTION } from '../core/retention.js';
import type { ChatRef } from '../ports.js';

interface Waiting {
  row: OutboxRow;
  /** Place in the channel: the best priority and the first arrival of any version of the key. */
  rank: number;
  since: Millis;
  order: number;
}

interface Posted {
  ref: ChatRef;
  seq: number;
  threadPosted: number;
  at: Millis;
}

interface Channel {
  waiting: Map<string, Waiting>;
  posted: Map<string, Posted>;
}

/** The outbox in memory. Callers hand over what nobody edits any more, and get the same. */
export class MemoryOutbox {
  readonly #channels = new Map<string, Channel>();
  readonly #pager: PagerEvent[] = [];
  #order = 0;

  push(rows: OutboxRow[], pager: PagerEvent[]): void {
    for (const row of rows) this.#put(row);
    this.#pager.push(...pager);
    this.#pager.splice(0, this.#pager.length - RETENTION.pagerEvents);
  }

  waiting(): { channel: string; count: number; oldestAt: Millis }[] {
    const found = [...this.#channels]
      .filter(([, { waiting }]) => waiting.size > 0)
      .map(([channel, { waiting }]) => ({
        channel,
        count: waiting.size,
        oldestAt: Math.min(...[...waiting.values()].map(({ since }) => since)),
      }));
    const first = this.#pager[0];
    if (first) found.push({ channel: PAGER_CHANNEL, count: this.#pager.length, oldestAt: first.at });
    return found.sort((a, b) => (a.channel < b.channel ? -1 : 1));
  }

  peek(channel: string): OutboxRow | null {
    let best: Waiting | null = null;
    for (const candidate of this.#channel(channel).waiting.values())
      if (best === null || before(candidate, best)) best = candidate;
    return best?.row ?? null;
  }

  backlog(channel: string, from: number, limit: number): { row: OutboxRow; wasPosted: boolean }[] {
    const { waiting, posted } = this.#channel(channel);
    return [...waiting.values()]
      .sort((a, b) => (before(a, b) ? -1 : 1))
      .slice(from, from + limit)
      .map(({ row: { thread: _thread, ...row } }) => ({ row, wasPosted: posted.has(row.key) }));
  }

  fold(channel: string, rows: { key: string; seq: number }[]): void {
    const { waiting } = this.#channel(channel);
    for (const { key, seq } of rows) if ((waiting.get(key)?.row.seq ?? Infinity) <= seq) waiting.delete(key);
  }

  sent(row: OutboxRow, ref: ChatRef, threadPosted: number): void {
    const { waiting, posted } = this.#channel(row.channel);
    const left = waiting.get(row.key);
    if (left && left.row.seq <= row.seq) waiting.delete(row.key);
    posted.delete(row.key);
    posted.set(row.key, { ref, seq: row.seq, threadPosted, at: row.at });
    for (const [key, old] of posted) if (old.at < row.at - RETENTION.postedMs) posted.delete(key);
  }

  posted(channel: string, key: string): { ref: ChatRef; seq: number; threadPosted: number } | null {
    const found = this.#channel(channel).posted.get(key);
    return found ? { ref: found.ref, seq: found.seq, threadPosted: found.threadPosted } : null;
  }

  peekPager(): PagerEvent | null {
    return this.#pager.find(({ kind }) => kind !== 'change') ?? this.#pager[0] ?? null;
  }

  sentPager(event: PagerEvent): void {
    const at = this.#pager.findIndex((waiting) => samePagerEvent(waiting, event));
    if (at !== -1) this.#pager.splice(at, 1);
  }

  #put(row: OutboxRow): void {
    const { waiting, posted } = this.#channel(row.channel);
    if ((posted.get(row.key)?.seq ?? -1) >= row.seq) return;
    const older = waiting.get(row.key);
    if (older && older.row.seq >= row.seq) return;
    const rank = PRIORITY_RANK[row.priority];
    const thread = row.thread ?? older?.row.thread;
    waiting.set(row.key, {
      row: thread ? Object.freeze({ ...row, thread }) : row,
      rank: Math.min(rank, older?.rank ?? rank),
      since: Math.min(row.at, older?.since ?? row.at),
      order: older?.order ?? this.#order++,
    });
    if (waiting.size > RETENTION.channelRows) dropLast(waiting);
  }

  #channel(name: string): Channel {
    const known = this.#channels.get(name);
    if (known) return known;
    const made: Channel = { waiting: new Map(), posted: new Map() };
    this.#channels.set(name, made);
    return made;
  }
}

function before(a: Waiting, b: Waiting): boolean {
  if (a.rank !== b.rank) return a.rank < b.rank;
  if (a.since !== b.since) return a.since < b.since;
  return a.order < b.order;
}

function dropLast(waiting: Map<string, Waiting>): void {
  let last: Waiting | null = null;
  for (const candidate of waiting.values()) if (last === null || before(last, candidate)) last = candidate;
  if (last) waiting.delete(last.row.key);
}
