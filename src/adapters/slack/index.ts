/**
 * Slack through Bolt: what people type and click comes in here, signed, once, acknowledged at once; the answer follows
 * through response_url. Posting for the outbox is the Chat port, on a client of its own.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { App, HTTPReceiver, type Receiver, SocketModeReceiver } from '@slack/bolt';
import type { Config } from '../../config.js';
import type { Form, Forms } from '../../core/form.js';
import type { Message } from '../../core/message.js';
import type { Person } from '../../core/model.js';
import type { Charts, Chat, Clock, Directory, Log } from '../../ports.js';
import { createAbout } from './about.js';
import { createButtonSigner } from './buttons.js';
import { createChannels } from './channels.js';
import { createChat, EVENT_TYPE } from './chat.js';
import { createClient } from './client.js';
import { isFirst } from './first.js';
import { createDirectory } from './groups.js';
import { guarded } from './guard.js';
import { createHearing } from './hearing.js';
import { createHomes } from './homes.js';
import { slackLogger } from './log.js';
import { createModals } from './modals.js';
import { createPeople } from './people.js';
import { createPictures } from './pictures.js';
import { createRespond } from './respond.js';
import { FORM } from './views.js';

/** What somebody said, whichever way: typed, or by a button. */
export interface Heard {
  /** The words after the command's name. */
  text: string;
  by: Person;
  /** The channel's id. */
  where: string;
  /** '#ml-ops', where known. */
  whereName?: string;
  /** The fleet's version that a button was made for. */
  expectVersion?: number;
  email?: string | null;
  /** True when Slack did not say who this account is. */
  unknown?: boolean;
}

export interface Answer {
  visibility: 'caller' | 'channel';
  message: Message;
  /** Shown instead of the message where a modal can be. */
  modal?: Form;
  /** Set when nothing was done: the button stays good for somebody else. */
  refused?: string;
  /** What the message whose button said it becomes. */
  closes?: Message;
}

export interface Route {
  path: string;
  method: 'GET' | 'POST';
  handler(request: IncomingMessage, response: ServerResponse): void;
}

export interface SlackOptions {
  config: NonNullable<Config['slack']>;
  /** Part of every button's HMAC: one installation's buttons mean nothing to another. */
  environment: string;
  command: string;
  http: { host: string; port: number };
  /** May throw; what it throws is answered with an error id. */
  handle(heard: Heard): Promise<Answer>;
  /** True when the words would change something: such a button acts once, whoever clicks. */
  changes(text: string): boolean;
  /** True for the first caller of an id within the time, over all replicas. */
  once(id: string, ttlMs: number): Promise<boolean>;
  /** Lets the next caller of an id be the first again. */
  undoOnce?(id: string): Promise<void>;
  log: Log;
  /** The Muster clock, for the dates that are shown; without one the machine's. */
  clock?: Pick<Clock, 'now'>;
  /** Forms that bare verbs open; without them usage is told in words. */
  forms?: Forms;
  /** What the home tab shows to this person; without it there is none. */
  home?(heard: Heard): Promise<Message>;
  /** Draws what an answer shows; without it charts are told in words. */
  charts?: Charts;
  /** One request to Slack, machine milliseconds. */
  timeoutMs: number;
  /** Health and measures, on the same port. */
  routes: Route[];
}

export interface Slack {
  chat: Chat;
  directory: Directory;
  /** Resolves when requests are taken, with the address that was bound. */
  start(): Promise<{ host: string; port: number }>;
  /** Takes no new requests and lets the answers under way leave. */
  stop(): Promise<void>;
}

export const EVENTS_PATH = '/slack/events';
/** The message shortcut “Explain this decision”. */
export const EXPLAIN = 'explain_decision';

/** A first command waits for the speaker's name at most this long. */
const NAME_TIMEOUT_MS = 900;
const LONGEST_GOODBYE_MS = 5_000;

export function createSlack(options: SlackOptions): Slack {
  const { config, log, timeoutMs, http } = options;
  const client = (timeout: number) =>
    createClient({ token: config.botToken, apiUrl: config.apiUrl, timeoutMs: timeout, log });
  const signer = createButtonSigner(config.signingSecret, options.environment);
  // Posts may wait behind each other; what a person waits for has its own client.
  const posting = client(timeoutMs);
  const channels = createChannels(posting);
  const asking = client(Math.min(timeoutMs, NAME_TIMEOUT_MS));
  const people = createPeople(asking, log);
  // Modals and home tabs are what a person waits for; posts of the outbox never stand before them.
  const views = client(timeoutMs);
  const { forms, home } = options;
  const homes = home === undefined ? null : createHomes({ client: views, people, signer, home, log });
  const changed = (): void => homes?.changed();
  let leave = (): void => {};
  const leaving = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const hearing = createHearing({
    ...options,
    signer,
    modals: forms === undefined ? null : createModals({ client: views, forms, signer, log }),
    about: createAbout(views, EVENT_TYPE, log),
    changed,
    channels,
    people,
    respond: createRespond(timeoutMs, log, (ms) => Promise.race([later(ms), leaving])),
    pictures:
      options.charts === undefined ? null : createPictures(client(timeoutMs), options.charts, timeoutMs, log),
  });
  const entry = config.mode === 'socket' ? socketEntry(options) : httpEntry(options);
  const app = new App({
    receiver: entry.receiver,
    // The token is fixed and Bolt need not ask Slack for it: commands are answered while Slack's Web API is down.
    authorize: async () => ({ botToken: config.botToken }),
    ignoreSelf: false,
    convoStore: false,
    logger: slackLogger(log),
    ...(config.apiUrl === null ? {} : { clientOptions: { slackApiUrl: config.apiUrl } }),
  });
  app.error(async (error) =>
    log.error({ peer: 'slack', error: error.message }, 'Bolt could not handle a request'),
  );
  app.use(async ({ context, ack, next }: Middleware) => {
    const { envelopeId } = context;
    if (typeof envelopeId === 'string' && !(await isFirst(`slack-envelope-${envelopeId}`, options))) {
      await ack?.();
      return;
    }
    await next();
  });
  app.command(/^\//, async ({ ack, command }) => {
    await ack();
    hearing.command(command);
  });
  app.action(/^say-/, async ({ ack, body }) => {
    await ack();
    if (body.type === 'block_actions') hearing.click(body);
  });
  app.action(/^fill-/, async ({ ack, body }) => {
    await ack();
    if (body.type === 'block_actions') hearing.fill(body);
  });
  app.view(FORM, async ({ ack, body }) => {
    const answer = await hearing.submit(body);
    await (answer === null ? ack() : ack(answer));
  });
  app.shortcut(EXPLAIN, async ({ ack, body }) => {
    await ack();
    if (body.type === 'message_action') hearing.explain(body);
  });
  app.event('app_home_opened', async ({ event, body }) => {
    if (event.tab === 'home') await homes?.opened(event.user, body.team_id);
  });
  // Whatever else is clicked is taken, so that nobody sees a warning sign.
  app.action(/^(?!say-|fill-)/, async ({ ack }) => ack());

  return {
    chat: createChat(posting, channels, signer, log, changed),
    directory: createDirectory(asking, people),
    start: () => entry.start(http),
    async stop() {
      homes?.stop();
      await entry.stop();
      leave();
      await Promise.race([hearing.quiet(), later(LONGEST_GOODBYE_MS)]);
    },
  };
}

interface Middleware {
  context: Record<string, unknown>;
  ack?: (() => Promise<void>) | undefined;
  next: () => Promise<unknown>;
}

interface Entry {
  receiver: Receiver;
  start(http: SlackOptions['http']): Promise<{ host: string; port: number }>;
  stop(): Promise<void>;
}

function httpEntry({ config, once, log, routes }: SlackOptions): Entry {
  const { signingSecret } = config;
  const receiver = new HTTPReceiver({
    signingSecret,
    endpoints: EVENTS_PATH,
    logger: slackLogger(log),
    customRoutes: routes.map(({ path, method, handler }) => ({ path, method, handler })),
  });
  receiver.requestListener = guarded(receiver.requestListener, {
    path: EVENTS_PATH,
    signingSecret,
    once,
    log,
  });
  let server: Server | null = null;
  return {
    receiver,
    async start({ host, port }) {
      server = await receiver.start({ host, port });
      return addressOf(server, host);
    },
    async stop() {
      if (server === null) return;
      const stopped = receiver.stop();
      server.closeIdleConnections();
      server = null;
      await stopped;
    },
  };
}

/** Slack is reached through a socket; health and measures still need a port. */
function socketEntry({ config, log, routes }: SlackOptions): Entry {
  if (config.appToken === null) throw new Error('Socket Mode needs SLACK_APP_TOKEN');
  const receiver = new SocketModeReceiver({
    appToken: config.appToken,
    logger: slackLogger(log),
    customPropertiesExtractor: (args: { envelope_id?: string }) => ({ envelopeId: args.envelope_id }),
    ...(config.apiUrl === null
      ? {}
      : { installerOptions: { clientOptions: { slackApiUrl: config.apiUrl } } }),
  });
  const server = createServer((request, response) => {
    const [path] = (request.url ?? '/').split('?');
    const route = routes.find((each) => each.path === path && each.method === request.method);
    if (route === undefined) response.writeHead(404).end();
    else route.handler(request, response);
  });
  return {
    receiver,
    async start({ host, port }) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, resolve);
      });
      await receiver.start();
      return addressOf(server, host);
    },
    async stop() {
      await receiver.stop();
      server.close();
      server.closeIdleConnections();
    },
  };
}

function addressOf(server: Server, host: string): { host: string; port: number } {
  const address = server.address();
  return { host, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

const later = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
