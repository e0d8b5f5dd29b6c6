/** chat.* and reactions.add: what the bot says, and Slack's reasons for refusing it. */
import { appId, botId, botUserId } from './directory.js';
import { brokenLimits, textLength } from './limits.js';
import { blocksOf, channelOf, type Method, type MethodContext, metadataOf, wireMessage } from './method.js';
import { type Answer, type Block, type Fields, SlackError, type StoredMessage, textOf } from './shapes.js';

const bot = { userId: botUserId, botId, appId };
const longestText = 40_000;
const longestBlocks = 13_200;

export const chatMethods: Record<string, Method> = {
  'chat.postMessage': (args, context) => {
    const channel = channelOf(args, context, true);
    const { text, blocks } = contentOf(args);
    const message = context.workspace.post({
      channel: channel.id,
      user: botUserId,
      text,
      blocks,
      threadTs: threadOf(args, channel.id, context),
      metadata: metadataOf(args),
    });
    return { channel: channel.id, ts: message.ts, message: wireMessage(message, bot) };
  },

  'chat.update': (args, context) => {
    const channel = channelOf(args, context);
    const message = ownMessage(args, channel.id, context, 'cant_update_message');
    const given = contentOf(args);
    const metadata = metadataOf(args);
    context.workspace.change(message, {
      text: given.text,
      // Slack drops the blocks when only a text is given.
      blocks: given.blocks,
      ...(metadata === null ? {} : { metadata }),
    });
    context.answers.elsewhere(messageAnswer(message), { channel: channel.id });
    return { channel: channel.id, ts: message.ts, text: message.text, message: wireMessage(message, bot) };
  },

  'chat.delete': (args, context) => {
    const channel = channelOf(args, context);
    const message = ownMessage(args, channel.id, context, 'cant_delete_message');
    context.workspace.remove(message);
    return { channel: channel.id, ts: message.ts };
  },

  'chat.postEphemeral': (args, context) => {
    const channel = channelOf(args, context, true);
    const user = context.workspace.user(textOf(args.user));
    if (user === null || user.kind === 'deactivated') throw new SlackError('user_not_in_channel');
    const { text, blocks } = contentOf(args);
    const message = context.workspace.post({
      channel: channel.id,
      user: botUserId,
      text,
      blocks,
      threadTs: threadOf(args, channel.id, context),
      onlyFor: user.id,
    });
    context.answers.elsewhere(messageAnswer(message), { channel: channel.id, user: user.id });
    return { message_ts: message.ts };
  },

  'chat.getPermalink': (args, context) => {
    const channel = channelOf(args, context);
    const ts = textOf(args.message_ts);
    if (context.workspace.message(channel.id, ts) === null) throw new SlackError('message_not_found');
    return {
      channel: channel.id,
      permalink: `${context.url()}/archives/${channel.id}/p${ts.replace('.', '')}`,
    };
  },

  'reactions.add': (args, context) => {
    const channel = channelOf(args, context);
    const message = context.workspace.message(channel.id, textOf(args.timestamp));
    if (message === null) throw new SlackError('message_not_found');
    const name = textOf(args.name);
    if (!/^[a-z0-9_+'-]{1,100}$/.test(name)) throw new SlackError('invalid_name');
    if (message.reactions.includes(name)) throw new SlackError('already_reacted');
    context.workspace.change(message, { reactions: [...message.reactions, name] });
    return {};
  },
};

/** Text and blocks of a message, refused where the Web API refuses them. Also used for what comes by response URLs. */
export function contentOf(args: Fields): { text: string; blocks: Block[] } {
  const blocks = blocksOf(args);
  const given = textOf(args.text);
  if (given === '' && blocks.length === 0) throw new SlackError('no_text');
  if (given.length > longestText) throw new SlackError('msg_too_long');
  const problems = brokenLimits(blocks, 'message');
  if (problems.length > 0)
    throw new SlackError(
      'invalid_blocks',
      problems.map((problem) => `[ERROR] ${problem}`),
    );
  if (textLength(blocks) > longestBlocks) throw new SlackError('msg_blocks_too_long');
  return { text: given, blocks };
}

export function messageAnswer(message: StoredMessage): Answer {
  return {
    kind: message.onlyFor === null ? 'in_channel' : 'ephemeral',
    ts: message.ts,
    text: message.text,
    blocks: message.blocks,
    view: null,
  };
}

function ownMessage(args: Fields, channel: string, context: MethodContext, refused: string): StoredMessage {
  const message = context.workspace.message(channel, textOf(args.ts));
  if (message === null || message.onlyFor !== null) throw new SlackError('message_not_found');
  if (message.user !== botUserId) throw new SlackError(refused);
  return message;
}

function threadOf(args: Fields, channel: string, context: MethodContext): string | null {
  const ts = textOf(args.thread_ts);
  if (ts === '') return null;
  const parent = context.workspace.message(channel, ts);
  if (parent === null) throw new SlackError('thread_not_found');
  // A reply to a reply lands in the same thread.
  return parent.threadTs ?? parent.ts;
}
