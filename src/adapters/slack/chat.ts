/** The Chat port on Slack's Web API. Posting is not idempotent there, so each message carries what `find` looks for. */
import { createHash } from 'node:crypto';
import type { WebClient } from '@slack/web-api';
import type { Message, OutboxRow } from '../../core/message.js';
import type { Chat, ChatRef, Log } from '../../ports.js';
import type { ButtonSigner } from './buttons.js';
import type { Channels } from './channels.js';
import { outsideError } from './client.js';
import { lintMessage } from './lint.js';
import { type Rendered, render } from './render.js';

export const EVENT_TYPE = 'muster_message';

/** How far back `find` looks: what was posted within the last minutes is on the first pages. */
const FIND_PAGES = 3;
const PAGE = 100;

/** `said` is called after each message that arrived. */
export function createChat(
  client: WebClient,
  channels: Channels,
  signer: ButtonSigner,
  log: Log,
  said: () => void = () => {},
): Chat {
  const post = async (row: OutboxRow, message: Message, place: Place): Promise<ChatRef> => {
    const channel = await channels.idOf(row.channel);
    const rendered = drawn(message, row, place.part, signer, log);
    const tried = `chat.postMessage in ${row.channel}`;
    const answer = await call(tried, () =>
      client.chat.postMessage({
        channel,
        ...rendered,
        ...(place.thread === null ? {} : { thread_ts: place.thread }),
        metadata: metadataOf(row, place.part),
        unfurl_links: false,
        unfurl_media: false,
      }),
    );
    said();
    return { channel: answer.channel ?? channel, ts: answer.ts ?? '' };
  };

  return {
    post: (row) => post(row, row.message, { thread: null, part: null }),

    async update(ref, row) {
      const rendered = drawn(row.message, row, null, signer, log);
      await call(`chat.update in ${row.channel}`, () =>
        client.chat.update({
          channel: ref.channel,
          ts: ref.ts,
          ...rendered,
          metadata: metadataOf(row, null),
        }),
      );
      said();
    },

    async reply(ref, row, index) {
      const message = row.thread?.[index];
      if (message === undefined) throw new RangeError(`row ${row.key} has no thread reply ${index}`);
      return post({ ...row, channel: ref.channel }, message, { thread: ref.ts, part: index });
    },

    async permalink(ref) {
      const answer = await call('chat.getPermalink', () =>
        client.chat.getPermalink({ channel: ref.channel, message_ts: ref.ts }),
      );
      return answer.permalink ?? null;
    },

    async find(row) {
      const channel = await channels.idOf(row.channel);
      let cursor: string | undefined;
      for (let page = 0; page < FIND_PAGES; page += 1) {
        const answer = await call(`conversations.history of ${row.channel}`, () =>
          client.conversations.history({
            channel,
            limit: PAGE,
            include_all_metadata: true,
            ...(cursor === undefined ? {} : { cursor }),
          }),
        );
        const found = answer.messages?.find((message) => keyOf(message.metadata) === row.key);
        if (found?.ts !== undefined) return { channel, ts: found.ts };
        cursor = answer.response_metadata?.next_cursor;
        if (cursor === undefined || cursor === '') return null;
      }
      return null;
    },
  };
}

interface Place {
  thread: string | null;
  /** Which reply of the thread; null for the message itself. */
  part: number | null;
}

/** Rendered and linted. What breaks a limit in spite of the renderer goes out as its sentence alone, and is logged. */
function drawn(
  message: Message,
  row: OutboxRow,
  part: number | null,
  signer: ButtonSigner,
  log: Log,
): Partial<Rendered> & { text: string } {
  const id = `${row.key}.${part ?? 'top'}.${row.seq}`;
  const rendered = render(message, {
    sign: (button, n) => signer.sign(button, id, n),
    blockId: blockPrefix(id),
  });
  const problems = lintMessage(rendered);
  if (problems.length === 0) return rendered;
  log.error(
    { peer: 'slack', key: row.key, problems: problems.slice(0, 5) },
    'a message breaks a limit of Slack',
  );
  return { text: rendered.text };
}

/** Readable while short, unique always; Slack allows 255 characters. */
function blockPrefix(id: string): string {
  return id.length <= 200 ? id : createHash('sha256').update(id).digest('base64url');
}

function metadataOf(row: OutboxRow, part: number | null) {
  return {
    event_type: EVENT_TYPE,
    event_payload: {
      key: part === null ? row.key : `${row.key}#${part}`,
      seq: row.seq,
      fleet: row.fleet,
      ...(row.decisionId === null ? {} : { decisionId: row.decisionId }),
    },
  };
}

function keyOf(metadata: { event_type?: string; event_payload?: object } | undefined): unknown {
  if (metadata?.event_type !== EVENT_TYPE) return undefined;
  return (metadata.event_payload as { key?: unknown } | undefined)?.key;
}

async function call<T>(tried: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw outsideError(error, tried);
  }
}
