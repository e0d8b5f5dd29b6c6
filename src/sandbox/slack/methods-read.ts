/** auth.*, conversations.*, users.* and usergroups.*: what the bot may look up. */
import { appId, botId, botUserId, teamId, wireUser } from './directory.js';
import { channelOf, isTrue, type Method, type MethodContext, wireMessage } from './method.js';
import { type Fields, SlackError, type StoredMessage, textOf, type WorkspaceChannel } from './shapes.js';

const bot = { userId: botUserId, botId, appId };

export const readMethods: Record<string, Method> = {
  'auth.test': (_args, context) => ({
    url: `${context.url()}/`,
    team: 'Muster sandbox',
    user: 'muster',
    team_id: teamId,
    user_id: botUserId,
    bot_id: botId,
    is_enterprise_install: false,
  }),

  'conversations.list': (args, context) => ({
    channels: context.workspace.channels.map((channel) => wireChannel(channel, context)),
    response_metadata: { next_cursor: '' },
    limit: args.limit,
  }),

  'conversations.info': (args, context) => ({ channel: wireChannel(channelOf(args, context), context) }),

  'conversations.join': (args, context) => {
    const channel = channelOf(args, context);
    channel.botIsMember = true;
    return { channel: wireChannel(channel, context) };
  },

  'conversations.members': (args, context) => {
    const channel = channelOf(args, context);
    const people = context.workspace.users.filter(
      (user) => user.kind !== 'deactivated' && user.kind !== 'bot',
    );
    return {
      members: [...people.map((user) => user.id), ...(channel.botIsMember ? [botUserId] : [])],
      response_metadata: { next_cursor: '' },
    };
  },

  'conversations.history': (args, context) => {
    const channel = channelOf(args, context, true);
    const top = context.workspace
      .messages(channel.id)
      .filter((message) => message.onlyFor === null && message.threadTs === null);
    return page([...top].reverse(), args, channel.id, context);
  },

  'conversations.replies': (args, context) => {
    const channel = channelOf(args, context, true);
    const ts = textOf(args.ts);
    const thread = context.workspace
      .messages(channel.id)
      .filter((message) => message.onlyFor === null && (message.ts === ts || message.threadTs === ts));
    if (thread.length === 0) throw new SlackError('thread_not_found');
    return page(thread, args, channel.id, context);
  },

  'users.info': (args, context) => {
    const user = context.workspace.user(textOf(args.user));
    if (user === null) throw new SlackError('user_not_found');
    return { user: wireUser(user, context.clock.now()) };
  },

  'users.list': (_args, context) => ({
    members: context.workspace.users.map((user) => wireUser(user, context.clock.now())),
    response_metadata: { next_cursor: '' },
  }),

  'users.lookupByEmail': (args, context) => {
    const name = textOf(args.email).split('@')[0] ?? '';
    const user = context.workspace.user(name);
    if (user === null || user.kind === 'deactivated') throw new SlackError('users_not_found');
    return { user: wireUser(user, context.clock.now()) };
  },

  'usergroups.list': (args, context) => ({
    usergroups: context.workspace.groups.map((group) => ({
      id: group.id,
      team_id: teamId,
      handle: group.handle,
      name: group.name,
      user_count: group.users.length,
      ...(isTrue(args.include_users) ? { users: group.users } : {}),
    })),
  }),

  'usergroups.users.list': (args, context) => {
    const group = context.workspace.groups.find((each) => each.id === textOf(args.usergroup));
    if (group === undefined) throw new SlackError('no_such_subteam');
    return { users: group.users };
  },
};

function wireChannel(channel: WorkspaceChannel, context: MethodContext): Fields {
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: true,
    is_group: false,
    is_im: false,
    is_private: false,
    is_archived: false,
    is_general: channel.name === 'general',
    is_member: channel.botIsMember,
    context_team_id: teamId,
    purpose: { value: channel.purpose, creator: '', last_set: 0 },
    num_members: context.workspace.users.length,
  };
}

function page(messages: StoredMessage[], args: Fields, channel: string, context: MethodContext): Fields {
  const limit = Math.min(Math.max(Number(args.limit ?? 100) || 100, 1), 999);
  const oldest = textOf(args.oldest) || String(args.oldest ?? '0');
  const latest = textOf(args.latest) || 'z';
  const inclusive = isTrue(args.inclusive);
  const within = messages.filter((message) =>
    inclusive ? message.ts >= oldest && message.ts <= latest : message.ts > oldest && message.ts < latest,
  );
  const start = Number(textOf(args.cursor) || 0) || 0;
  const next = start + limit < within.length ? String(start + limit) : '';
  return {
    messages: within.slice(start, start + limit).map((message) => ({
      ...wireMessage(message, bot),
      ...(isTrue(args.include_all_metadata) && message.metadata !== null
        ? { metadata: message.metadata }
        : {}),
      ...threadFacts(message, channel, context),
    })),
    has_more: next !== '',
    response_metadata: { next_cursor: next },
  };
}

function threadFacts(message: StoredMessage, channel: string, context: MethodContext): Fields {
  if (message.threadTs !== null) return {};
  const replies = context.workspace
    .messages(channel)
    .filter((reply) => reply.threadTs === message.ts && reply.onlyFor === null);
  if (replies.length === 0) return {};
  return { thread_ts: message.ts, reply_count: replies.length, latest_reply: replies.at(-1)!.ts };
}
