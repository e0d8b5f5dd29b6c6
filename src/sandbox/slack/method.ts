/** What a Web API method is to the stand-in, and how its arguments are read. */
import type { Clock } from '../../ports.js';
import type { Answers } from './answers.js';
import {
  type Block,
  type Fields,
  isFields,
  SlackError,
  type StoredMessage,
  type WorkspaceChannel,
} from './shapes.js';
import type { Tickets } from './tickets.js';
import type { Workspace } from './workspace.js';

export interface MethodContext {
  workspace: Workspace;
  tickets: Tickets;
  answers: Answers;
  clock: Clock;
  /** Base address of the stand-in, for upload addresses and permalinks. */
  url: () => string;
}

export type Method = (args: Fields, context: MethodContext) => Fields;

/** Arguments that a form-encoded request carries as JSON text. */
const structured = ['blocks', 'attachments', 'metadata', 'view', 'files', 'reply_broadcast'];

export function readStructured(args: Fields): Fields {
  const read = { ...args };
  for (const key of structured) {
    const value = read[key];
    if (typeof value !== 'string' || value === '') continue;
    try {
      read[key] = JSON.parse(value);
    } catch {
      if (key === 'blocks') throw new SlackError('invalid_blocks_format');
      if (key === 'metadata') throw new SlackError('invalid_metadata_format');
      throw new SlackError('invalid_arguments', [`[ERROR] ${key} is not JSON`]);
    }
  }
  return read;
}

export function channelOf(args: Fields, context: MethodContext, mustBeIn = false): WorkspaceChannel {
  const channel = context.workspace.channel(String(args.channel ?? ''));
  if (channel === null) throw new SlackError('channel_not_found');
  if (mustBeIn && !channel.botIsMember) throw new SlackError('not_in_channel');
  return channel;
}

export function blocksOf(args: Fields): Block[] {
  if (args.blocks === undefined || args.blocks === '') return [];
  if (!Array.isArray(args.blocks)) throw new SlackError('invalid_blocks_format');
  return args.blocks as Block[];
}

export function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === '1';
}

/** A message as Slack shows it to the bot. */
export function wireMessage(
  message: StoredMessage,
  bot: { userId: string; botId: string; appId: string },
): Fields {
  const wire: Fields = {
    type: 'message',
    user: message.user,
    ts: message.ts,
    text: message.text,
    blocks: message.blocks,
  };
  if (message.user === bot.userId) Object.assign(wire, { bot_id: bot.botId, app_id: bot.appId });
  if (message.threadTs !== null) wire.thread_ts = message.threadTs;
  if (message.edited) wire.edited = { user: message.user, ts: message.ts };
  if (message.reactions.length > 0)
    wire.reactions = message.reactions.map((name) => ({ name, count: 1, users: [bot.userId] }));
  return wire;
}

export function metadataOf(args: Fields): Fields | null {
  if (args.metadata === undefined || args.metadata === '') return null;
  if (!isFields(args.metadata)) throw new SlackError('invalid_metadata_format');
  if (typeof args.metadata.event_type !== 'string' || !isFields(args.metadata.event_payload))
    throw new SlackError('invalid_metadata_schema');
  return args.metadata;
}

/** The decision a message belongs to, as its metadata says; null when it says none. */
export function decisionIdOf(args: Fields): string | null {
  const { metadata } = args;
  if (!isFields(metadata) || !isFields(metadata.event_payload)) return null;
  const id = metadata.event_payload.decisionId;
  return typeof id === 'string' ? id : null;
}
