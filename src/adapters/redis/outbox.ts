import type { Message, OutboxRow, PagerEvent } from '../../core/message.js';
import type { Millis } from '../../core/model.js';
import { PAGER_CHANNEL, PRIORITY_RANK } from '../../core/outbox.js';
import type { ChatRef, Store } from '../../ports.js';
import { defineScript, type Link } from './connection.js';
import {
  backlogLua,
  foldLua,
  peekLua,
  peekPagerLua,
  postedLua,
  pushLua,
  sentLua,
  sentPagerLua,
  waitingLua,
} from './lua/outbox.js';
import { parseStored } from './schema.js';

const pushRows = defineScript('push', pushLua);
const waitingRows = defineScript('waiting', waitingLua);
const peekRow = defineScript('peek', peekLua);
const backlogRows = defineScript('backlog', backlogLua);
const foldRows = defineScript('fold', foldLua);
const sentRow = defineScript('sent', sentLua);
const postedRow = defineScript('posted', postedLua);
const peekEvent = defineScript('peek-pager', peekPagerLua);
const sentEvent = defineScript('sent-pager', sentPagerLua);

/** Scores put urgency before time: rank x 10^14 + first arrival in milliseconds stays exact in a double. */
const RANK = 1e14;

/** What a script needs to push messages and pager events. */
export function outboxArguments(rows: OutboxRow[], pager: PagerEvent[]) {
  return {
    rows: rows.map(({ thread, ...row }) => ({
      channel: row.channel,
      key: row.key,
      seq: row.seq,
      score: String(PRIORITY_RANK[row.priority] * RANK + row.at),
      json: `${row.seq} ${JSON.stringify(row)}`,
      thread: thread ? JSON.stringify(thread) : '',
    })),
    pager: pager.map((event) => JSON.stringify(event)),
  };
}

type Outbox = Pick<
  Store,
  'push' | 'waiting' | 'peek' | 'backlog' | 'fold' | 'sent' | 'posted' | 'peekPager' | 'sentPager'
>;

export function createOutbox(link: Link): Outbox {
  return {
    async push(rows, pager) {
      await link.run(pushRows, 'push messages', JSON.stringify(outboxArguments(rows, pager)));
    },
    async waiting() {
      const tried = 'count waiting messages';
      const [channels, events, first] = (await link.run(waitingRows, tried)) as WaitingReply;
      const found = channels.map(([channel, count, scores]) => ({
        channel,
        count,
        oldestAt: oldest(scores),
      }));
      if (first !== null)
        found.push({
          channel: PAGER_CHANNEL,
          count: events,
          oldestAt: (JSON.parse(first) as PagerEvent).at,
        });
      return found.sort((a, b) => (a.channel < b.channel ? -1 : 1));
    },
    async peek(channel) {
      const tried = `look at the messages of ${channel}`;
      const reply = (await link.run(peekRow, tried, channel)) as [string, string | null] | null;
      if (reply === null) return null;
      const row = parseStored<OutboxRow>(afterSpace(reply[0]), tried);
      return row && reply[1] ? { ...row, thread: JSON.parse(reply[1]) as Message[] } : row;
    },
    async backlog(channel, from, limit) {
      const tried = `look at what waits for ${channel}`;
      const reply = (await link.run(backlogRows, tried, channel, from, from + limit - 1)) as (
        | string
        | number
      )[];
      return reply.flatMap((text, n) => {
        if (n % 2 === 1) return [];
        const row = parseStored<OutboxRow>(afterSpace(String(text)), tried);
        return row === null ? [] : [{ row, wasPosted: reply[n + 1] === 1 }];
      });
    },
    async fold(channel, rows) {
      const given = JSON.stringify(rows.map(({ key, seq }) => ({ key, seq })));
      if (rows.length > 0) await link.run(foldRows, `fold what waits for ${channel}`, channel, given);
    },
    async sent(row, ref, threadPosted) {
      const place = JSON.stringify({ ref, threadPosted });
      const tried = `note what was sent to ${row.channel}`;
      await link.run(sentRow, tried, row.channel, row.key, row.seq, row.at, place);
    },
    async posted(channel, key) {
      const reply = await link.run(postedRow, `look where ${key} was posted`, channel, key);
      if (reply === null) return null;
      const text = String(reply);
      const place = JSON.parse(afterSpace(text)) as { ref: ChatRef; threadPosted: number };
      return {
        ref: place.ref,
        seq: Number(text.slice(0, text.indexOf(' '))),
        threadPosted: place.threadPosted,
      };
    },
    async peekPager() {
      const tried = 'look at the pager events';
      return parseStored<PagerEvent>((await link.run(peekEvent, tried)) as string | null, tried);
    },
    async sentPager(event) {
      await link.run(sentEvent, 'note a sent pager event', JSON.stringify(event));
    },
  };
}

type WaitingReply = [[string, number, string[]][], number, string | null];

const oldest = (scores: string[]): Millis => Math.min(...scores.map((score) => Number(score) % RANK));

const afterSpace = (text: string): string => text.slice(text.indexOf(' ') + 1);
