/** What is said: each message once, its newest version in the end, and pages that end. */
import { aboutKey } from '../../../core/paged.js';
import type { Invariant } from './invariant.js';

/** Rows that may wait in one channel: a day's worth of a channel that is down. */
const OUTBOX_ROWS = 400;

export const oneMessageAKey: Invariant = {
  name: 'one-message-a-key',
  says: 'A message is posted once, its versions come in order, and each reply of its thread once.',
  watch: () => {
    const newest = new Map<string, number>();
    const replies = new Set<string>();
    return {
      said: ({ how, channel, key, seq }) => {
        const before = newest.get(`${channel} ${key}`);
        newest.set(`${channel} ${key}`, seq);
        if (how === 'post') return before === undefined ? null : `${key} was posted twice`;
        return before !== undefined && before > seq ? `${key} went back from ${before} to ${seq}` : null;
      },
      replied: ({ channel, key, index }) => {
        const reply = `${channel} ${key} ${index}`;
        if (replies.has(reply)) return `reply ${index} of ${key} was posted twice`;
        replies.add(reply);
        return null;
      },
    };
  },
};

export const newestVersionStands: Invariant = {
  name: 'newest-version-stands',
  says: 'After the faults every message stands in its newest version, or was told in the summary of late ones.',
  watch: () => {
    const wanted = new Map<string, number>();
    const standing = new Map<string, number>();
    return {
      queued: ({ row: { channel, key, seq } }) => {
        const id = `${channel} ${key}`;
        wanted.set(id, Math.max(seq, wanted.get(id) ?? 0));
        return null;
      },
      said: ({ channel, key, seq }) => {
        standing.set(`${channel} ${key}`, seq);
        return null;
      },
      folded: ({ row: { channel, key, seq } }) => {
        standing.set(`${channel} ${key}`, seq);
        return null;
      },
      quiet: () => {
        const old = [...wanted].filter(([id, seq]) => standing.get(id) !== seq).map(([id]) => id);
        return old.length === 0 ? null : `old or missing: ${old.slice(0, 5).join(', ')}`;
      },
    };
  },
};

export const pagesEnd: Invariant = {
  name: 'pages-end',
  says: 'A page that Muster sent by itself is resolved, or what it says is still true.',
  watch: () => {
    const open = new Set<string>();
    return {
      paged: ({ event }) => {
        if (event.kind === 'change' || aboutKey(event.dedupKey)?.what === 'page') return null;
        if (event.kind === 'trigger') open.add(event.dedupKey);
        else if (event.kind === 'resolve') open.delete(event.dedupKey);
        return null;
      },
      quiet: ({ fleets }) => {
        const isTrue = (key: string): boolean =>
          fleets.some(({ name, alertFiring }) => alertFiring && key.startsWith(`muster/${name}/latency/`));
        const left = [...open].filter((key) => !isTrue(key));
        return left.length === 0 ? null : `${left.join(', ')} stayed open`;
      },
    };
  },
};

export const outboxBounded: Invariant = {
  name: 'outbox-bounded',
  says: 'What waits to be said stays bounded.',
  watch: () => ({
    minute: ({ waiting }) => {
      const long = waiting.find(({ count }) => count > OUTBOX_ROWS);
      return long === undefined ? null : `${long.count} rows wait for ${long.channel}`;
    },
  }),
};
