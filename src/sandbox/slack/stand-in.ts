/**
 * The stand-in workspace: Slack's Web API and signed deliveries on loopback, and what people do in it. It shares no code
 * with the bot's adapter, so that both sides of the wire are written twice.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StandIn, WorldContext } from '../context.js';
import { createAnswers, type Patience } from './answers.js';
import { type Control, createControl } from './control.js';
import { createDeliver } from './deliver.js';
import { groups as defaultGroups, people, rooms } from './directory.js';
import type { MethodContext } from './method.js';
import type { Block, WorkspaceChannel, WorkspaceGroup, WorkspaceUser } from './shapes.js';
import { createTickets } from './tickets.js';
import { createWebApi } from './web-api.js';
import { createWorkspace, type Workspace } from './workspace.js';

export interface SlackStandInOptions {
  context: WorldContext;
  signingSecret: string;
  botToken: string;
  /** Live bots, base addresses; deliveries go to them turn by turn, to <url>/slack/events. */
  bots: () => { url: string }[];
  /** The slash command that is installed; '/muster' unless told otherwise. */
  command?: string;
  users?: readonly WorkspaceUser[];
  groups?: readonly WorkspaceGroup[];
  channels?: readonly WorkspaceChannel[];
  port?: number;
  /** How long answers are waited for; a second, three at most, unless told otherwise. */
  patience?: Patience;
  /** What `save` gave earlier. */
  restore?: unknown;
}

export interface ChannelState {
  name: string;
  messages: (MessageState & { thread: MessageState[] })[];
}

export interface MessageState {
  ts: string;
  user: string;
  text: string;
  blocks: Block[];
}

/** Control methods answer null when no bot is there (503), and throw OperatorError for what cannot be meant (400). */
export interface SlackStandIn extends StandIn, Control {
  /** Base of the Web API for slackApiUrl: '<url>/api/'. */
  apiUrl: string;
  commandName: string;
  /** Channels for GET /_sandbox/state: what everybody sees, oldest first. */
  channels(): ChannelState[];
  /** Everything, for the page. */
  workspace: Workspace;
}

export async function createSlackStandIn(options: SlackStandInOptions): Promise<SlackStandIn> {
  const clock = options.context.clock;
  const workspace = createWorkspace({
    clock,
    users: options.users ?? people,
    groups: options.groups ?? defaultGroups,
    channels: options.channels ?? rooms,
  });
  if (options.restore !== undefined) workspace.restore(options.restore);
  let url = '';
  const context: MethodContext = {
    workspace,
    tickets: createTickets(),
    answers: createAnswers(options.patience),
    clock,
    url: () => url,
  };
  const api = createWebApi({ world: options.context, context, botToken: options.botToken });
  const server = createServer((request, response) => {
    api(request, response).catch(() => {
      // A request that breaks off, or a defect here: the bot sees what it would see of a real outage.
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  // Never the first to close an idle connection: a client that reuses it at that moment would see a failure.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const command = options.command ?? '/muster';
  const control = createControl({ context, deliver: createDeliver(options), command });

  return {
    ...control,
    url,
    apiUrl: `${url}/api/`,
    commandName: command,
    workspace,
    channels: () => workspace.channels.map((channel) => channelState(channel, workspace)),
    save: () => workspace.save(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function channelState(channel: WorkspaceChannel, workspace: Workspace): ChannelState {
  const seen = workspace.messages(channel.id).filter((message) => message.onlyFor === null);
  const threads = new Map<string, MessageState[]>();
  const messages: ChannelState['messages'] = [];
  for (const { ts, user, text, blocks, threadTs } of seen) {
    if (threadTs === null) {
      const thread: MessageState[] = [];
      threads.set(ts, thread);
      messages.push({ ts, user, text, blocks, thread });
    } else threads.get(threadTs)?.push({ ts, user, text, blocks });
  }
  return { name: channel.name, messages };
}
