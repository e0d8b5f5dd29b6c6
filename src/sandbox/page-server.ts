/**
 * Serves the sandbox's page and its live updates. The page asks once a second for what changed since the revision it knows,
 * so that an update is small however long the sandbox runs. Commands, clicks and faults go by the control interface; what
 * only the page does (home tab, shortcuts, modals' own buttons) comes in here, under /_page/.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Millis } from '../core/model.js';
import { OperatorError } from '../errors.js';
import type { Clock } from '../ports.js';
import type { WorldState } from './control.js';
import { sendPageFile } from './page-files.js';
import { createPageHistory, type SavedHistory } from './page-history.js';
import type { Reply } from './slack/control.js';
import type { StoredMessage, StoredView } from './slack/shapes.js';
import type { SlackStandIn } from './slack/stand-in.js';

/** What the page shows of the world; a whole WorldState will do. */
export type PageTruth = Pick<
  WorldState,
  'fleets' | 'costs' | 'pagerduty' | 'faults' | 'bots' | 'notes' | 'decisions'
>;

/** What a fleet is, apart from how it is doing. */
export interface PageFleet {
  name: string;
  objectiveSeconds: number;
  cycleSeconds: number;
  nodePricePerHour: number;
  /** What the same fleet would cost an hour, sized for its peak; null: not known. */
  staticPeakPerHour: number | null;
}

export interface PageOptions {
  slack: SlackStandIn;
  clock: Clock;
  fleets: PageFleet[];
  truth(): PageTruth | Promise<PageTruth>;
  /** The app's message shortcuts, as its manifest has them. */
  shortcuts?: { callbackId: string; name: string }[];
  /** Whether the app has a home tab. */
  hasHome?: boolean;
  /** What `save` gave earlier. */
  restore?: unknown;
}

export interface PageRoutes {
  /** True: the request was one of the page's and is dealt with. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  save(): SavedHistory;
  close(): void;
}

const firstMessages = 120;
const largestBody = 64 * 1024;

const act = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('home'), user: z.string() }),
  z.object({ kind: z.literal('dismiss'), user: z.string(), viewId: z.string() }),
  z.object({
    kind: z.literal('shortcut'),
    user: z.string(),
    messageTs: z.string(),
    callbackId: z.string(),
  }),
  z.object({
    kind: z.literal('click'),
    user: z.string(),
    viewId: z.string(),
    blockId: z.string().optional(),
    actionId: z.string(),
    value: z.string().optional(),
    values: z.record(z.string(), z.unknown()).optional(),
  }),
]);

export function createPageRoutes(options: PageOptions): PageRoutes {
  const { slack, clock } = options;
  // Revisions start anew with the world: a page that knows another world's gets everything.
  const epoch = Date.now();
  const history = createPageHistory(
    { clock, fleets: async () => (await options.truth()).fleets },
    options.restore,
  );

  return {
    save: () => history.save(),
    close: () => history.close(),
    async handle(request, response) {
      const url = new URL(request.url ?? '/', 'http://sandbox');
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      try {
        if (isRead && (await sendPageFile(response, url.pathname))) return true;
        if (!url.pathname.startsWith('/_page/')) return false;
        if (url.pathname === '/_page/updates' && isRead)
          return sendJson(
            response,
            200,
            await updates(
              numberIn(url, 'epoch') === epoch ? numberIn(url, 'since') : 0,
              numberIn(url, 'points'),
            ),
          );
        if (url.pathname.startsWith('/_page/files/') && isRead)
          return sendUpload(response, url.pathname.slice('/_page/files/'.length));
        if (url.pathname === '/_page/act' && request.method === 'POST')
          return await sendOutcome(response, perform(act.parse(JSON.parse(await readBody(request)))));
        return sendJson(response, 404, { error: 'not-found' });
      } catch (error) {
        const isBad =
          error instanceof z.ZodError || error instanceof SyntaxError || error instanceof OperatorError;
        const message = error instanceof OperatorError ? error.message : 'The request could not be read.';
        return sendJson(response, isBad ? 400 : 500, { error: isBad ? message : 'The sandbox failed.' });
      }
    },
  };

  async function updates(since: number, points: Millis): Promise<object> {
    const { workspace } = slack;
    const truth = await options.truth();
    const isFirst = since <= 0;
    return {
      epoch,
      rev: workspace.rev(),
      clock: clock.now(),
      speed: clock.speed,
      first: isFirst,
      ...(isFirst
        ? {
            command: slack.commandName,
            users: people(),
            channels: rooms(),
            about: options.fleets,
            shortcuts: options.shortcuts ?? [],
            hasHome: options.hasHome ?? false,
          }
        : {}),
      messages: changed(isFirst ? null : since),
      deleted: workspace.deleted.filter((each) => each.rev > since).map((each) => each.ts),
      views: [...workspace.views.values()].map(pageView),
      fleets: truth.fleets,
      costs: truth.costs,
      incidents: truth.pagerduty.incidents.slice(-20),
      decisions: newestOfEach(truth.decisions),
      faults: truth.faults,
      bots: truth.bots.length,
      notes: truth.notes,
      points: history.since(isFirst ? 0 : points),
    };
  }

  /**
   * Messages since a revision; at first the newest of each channel, with all of their threads. What only one person saw is
   * gone when the page is opened anew, as in Slack.
   */
  function changed(since: number | null): object[] {
    return slack.workspace.channels.flatMap((channel) => {
      const known = slack.workspace.messages(channel.id);
      if (since !== null) return known.filter((message) => message.rev > since).map(pageMessage);
      const all = known.filter((message) => message.onlyFor === null);
      const from = all.filter((message) => message.threadTs === null).at(-firstMessages)?.ts ?? '';
      return all.filter((message) => (message.threadTs ?? message.ts) >= from).map(pageMessage);
    });
  }

  function people(): object[] {
    return slack.workspace.users
      .filter((user) => user.kind !== 'deactivated')
      .map(({ id, name, realName, title, kind, timeZone }) => ({
        id,
        name,
        realName,
        title,
        kind,
        timeZone,
      }));
  }

  function rooms(): object[] {
    return slack.workspace.channels.map(({ id, name, purpose }) => ({ id, name, purpose }));
  }

  function perform(asked: z.infer<typeof act>): Reply {
    if (asked.kind === 'home') return slack.home(asked);
    if (asked.kind === 'dismiss') return slack.dismiss(asked);
    if (asked.kind === 'shortcut') return slack.shortcut(asked);
    return slack.click(asked);
  }

  function sendUpload(response: ServerResponse, id: string): true {
    const file = slack.workspace.files.get(id);
    if (file === undefined || !file.complete) return sendJson(response, 404, { error: 'not-found' });
    // Only ever a picture, whatever was uploaded: the page must not run what a bot sent.
    response.writeHead(200, { 'content-type': 'image/png', 'x-content-type-options': 'nosniff' });
    response.end(file.bytes);
    return true;
  }
}

function pageMessage({
  channel,
  ts,
  user,
  text,
  blocks,
  threadTs,
  edited,
  reactions,
  onlyFor,
}: StoredMessage): object {
  return { channel, ts, user, text, blocks, threadTs, edited, reactions, onlyFor };
}

function pageView({ id, hash, user, type, view, previous, errors, rev }: StoredView): object {
  const { title, submit, close, blocks, callback_id } = view;
  return {
    id,
    hash,
    user,
    type,
    title,
    submit,
    close,
    blocks,
    callbackId: callback_id,
    previous,
    errors,
    rev,
  };
}

/** The last decision about each fleet: the channel has the others. */
function newestOfEach(decisions: PageTruth['decisions']): object[] {
  const newest = new Map(decisions.map((decision) => [decision.fleet, decision]));
  return [...newest.values()].map(({ id, fleet, at, kind, trigger, from, to }) => ({
    ...{ id, fleet, at, kind, trigger, from, to },
  }));
}

async function sendOutcome(response: ServerResponse, reply: Reply): Promise<true> {
  const outcome = await reply;
  if (outcome === null) return sendJson(response, 503, { error: 'No bot is running to take it.' });
  return sendJson(response, 200, outcome);
}

function sendJson(response: ServerResponse, status: number, body: object): true {
  if (response.headersSent) return true;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
  return true;
}

async function readBody(request: IncomingMessage): Promise<string> {
  // A form of another site cannot send this type without asking first.
  if (!(request.headers['content-type'] ?? '').startsWith('application/json'))
    throw new SyntaxError('not JSON');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= largestBody) chunks.push(chunk);
  }
  if (size > largestBody) throw new SyntaxError('too large');
  return Buffer.concat(chunks).toString('utf8');
}

function numberIn(url: URL, name: string): number {
  const value = Number(url.searchParams.get(name) ?? 0);
  return Number.isFinite(value) ? value : 0;
}
