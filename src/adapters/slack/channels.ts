/** Channel names and ids. Configuration says '#ml-ops', the Web API wants ids; the list is read seldom and kept. */
import type { WebClient } from '@slack/web-api';
import { OutsideError } from '../../errors.js';
import { outsideError } from './client.js';

export interface Channels {
  /** The id of '#ml-ops', 'ml-ops' or an id. */
  idOf(channel: string): Promise<string>;
  /** '#ml-ops' of an id, as far as known without asking. */
  nameOf(id: string): string | null;
}

const KEPT_MS = 10 * 60_000;
/** Asked again this soon at most for a name that is not there: somebody may be creating it. */
const MISSED_MS = 15_000;
const MOST_PAGES = 50;

export function createChannels(client: WebClient, nowMs: () => number = Date.now): Channels {
  let ids = new Map<string, string>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | null = null;

  const read = (): Promise<void> => {
    reading ??= list(client)
      .then((found) => {
        ids = found;
        readAt = nowMs();
      })
      .finally(() => {
        reading = null;
      });
    return reading;
  };

  return {
    async idOf(channel) {
      if (/^[CDG][A-Z0-9]{4,}$/.test(channel)) return channel;
      const name = channel.replace(/^#/, '');
      const age = nowMs() - readAt;
      if (age > KEPT_MS || (!ids.has(name) && age > MISSED_MS)) await read();
      const id = ids.get(name);
      if (id !== undefined) return id;
      throw new OutsideError(
        'slack',
        `find the channel #${name}`,
        'there is none the bot can see: invite it',
        {
          class: 'human',
          why: 'refused',
        },
      );
    },
    nameOf(id) {
      for (const [name, known] of ids) if (known === id) return `#${name}`;
      return null;
    },
  };
}

async function list(client: WebClient): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    try {
      const answer = await client.conversations.list({
        types: 'public_channel,private_channel',
        exclude_archived: true,
        limit: 500,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { id, name } of answer.channels ?? []) {
        if (id !== undefined && name !== undefined) ids.set(name, id);
      }
      cursor = answer.response_metadata?.next_cursor;
    } catch (error) {
      throw outsideError(error, 'conversations.list');
    }
    if (cursor === undefined || cursor === '') break;
  }
  return ids;
}
