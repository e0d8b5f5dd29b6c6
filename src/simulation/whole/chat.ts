/** The twins of the workspace and the pager: they keep what was said, and say so to the invariants. */
import type { OutboxRow, PagerEvent } from '../../core/message.js';
import type { Chat, ChatRef, Pager } from '../../ports.js';
import type { Truth } from './truth.js';

export interface Spoken {
  channel: string;
  key: string;
  ts: string;
  versions: OutboxRow[];
  replies: number[];
}

export interface Workspace {
  chat: Chat;
  messages(): Spoken[];
}

export function createWorkspace(truth: Truth): Workspace {
  const messages = new Map<string, Spoken>();
  let posts = 0;
  const at = (ref: ChatRef): Spoken => {
    const found = messages.get(ref.ts);
    if (found === undefined) throw new Error(`no message ${ref.ts}`);
    return found;
  };
  return {
    messages: () => [...messages.values()],
    chat: {
      async post(row) {
        posts += 1;
        const { channel, key, seq } = row;
        const ts = String(posts);
        messages.set(ts, { channel, key, ts, versions: [row], replies: [] });
        truth.tell({ kind: 'said', how: 'post', channel, key, seq });
        return { channel, ts };
      },
      async update(ref, row) {
        const { channel, key, seq } = row;
        at(ref).versions.push(row);
        truth.tell({ kind: 'said', how: 'update', channel, key, seq });
      },
      async reply(ref, row, index) {
        at(ref).replies.push(index);
        truth.tell({ kind: 'replied', channel: row.channel, key: row.key, index });
        return { channel: ref.channel, ts: `${ref.ts}.${index}` };
      },
      async find(row) {
        for (const { channel, key, ts } of messages.values())
          if (channel === row.channel && key === row.key) return { channel, ts };
        return null;
      },
    },
  };
}

export interface PagerTwin {
  pager: Pager;
  events(): PagerEvent[];
}

export function createPagerTwin(truth: Truth): PagerTwin {
  const events: PagerEvent[] = [];
  return {
    events: () => events,
    pager: {
      async send(event) {
        events.push(event);
        truth.tell({ kind: 'paged', event });
      },
    },
  };
}
