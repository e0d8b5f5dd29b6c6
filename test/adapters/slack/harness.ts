/** A bot on loopback, signed requests to it, and a peer that records what the bot tells Slack. */
import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { findVerb, hear, wordsOf } from '../../../commands/index.js';
import { createSlack, type Slack, type SlackOptions } from '../../../src/adapters/slack/index.js';
import { aScene, type Scene } from '../../support/fleet.js';
import { until } from '../../support/redis.js';

export const SECRET = 'a-signing-secret';
export const TOKEN = 'xoxb-000-secret-token';

export interface Called {
  method: string;
  body: Record<string, unknown>;
}

export interface Peer {
  url: string;
  /** Web API calls, oldest first. */
  calls: Called[];
  /** What came through response_url, oldest first. */
  responses: Record<string, unknown>[];
  /** Answers of a method; without one it is ok. */
  answers: Map<string, () => { status?: number; headers?: Record<string, string>; json?: unknown } | 'hang'>;
  close(): Promise<void>;
}

export async function startPeer(): Promise<Peer> {
  const calls: Called[] = [];
  const responses: Peer['responses'] = [];
  const answers: Peer['answers'] = new Map();
  answers.set('users.info', () => ({
    json: { ok: true, user: { tz: 'Asia/Kolkata', profile: { display_name: 'Asha' } } },
  }));
  answers.set('conversations.list', () => ({
    json: { ok: true, channels: [{ id: 'C0MLOPS', name: 'ml-ops' }] },
  }));
  answers.set('chat.postMessage', () => ({
    json: { ok: true, channel: 'C0MLOPS', ts: '1700000000.000100' },
  }));
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    if (request.url === '/respond') {
      responses.push(JSON.parse(text));
      response.end('ok');
      return;
    }
    const method = (request.url ?? '').replace('/api/', '');
    calls.push({ method, body: Object.fromEntries(new URLSearchParams(text)) });
    const answer = answers.get(method)?.() ?? {};
    if (answer === 'hang') return;
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
    response.end(JSON.stringify(answer.json ?? { ok: true }));
  });
  const url = await listen(server);
  return {
    url,
    calls,
    responses,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface Bot extends Scene {
  url: string;
  peer: Peer;
  slack: Slack;
  /** Every line that was logged, as JSON. */
  logged: string[];
  /** Waits for the n-th answer through response_url. */
  answer(n?: number): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

export async function startBot(options: Partial<SlackOptions> = {}): Promise<Bot> {
  const peer = await startPeer();
  const scene = aScene();
  const logged: string[] = [];
  const log = (fields: object, message: string): void => {
    logged.push(JSON.stringify({ ...fields, message }));
  };
  const slack = createSlack({
    config: {
      mode: 'http',
      botToken: TOKEN,
      signingSecret: SECRET,
      appToken: null,
      apiUrl: `${peer.url}/api/`,
    },
    environment: 'test',
    command: '/muster',
    http: { host: '127.0.0.1', port: 0 },
    handle: (heard) => hear(heard.text, { ...scene.context, ...heard, said: heard.text }),
    changes: (text) => findVerb(wordsOf(text)[0] ?? 'help')?.changes ?? false,
    once: scene.store.once,
    log: { debug: log, info: log, warn: log, error: log },
    timeoutMs: 60_000,
    routes: [
      {
        path: '/healthz',
        method: 'GET',
        handler: (_request, response) => response.end('fine'),
      },
    ],
    ...options,
  });
  const { host, port } = await slack.start();
  return {
    ...scene,
    url: `http://${host}:${port}`,
    peer,
    slack,
    logged,
    async answer(n = 1) {
      await until(`answer ${n}`, () => peer.responses.length >= n);
      return peer.responses[n - 1]!;
    },
    async stop() {
      await slack.stop();
      await peer.close();
    },
  };
}

export interface Signing {
  /** Seconds from now. */
  shift?: number;
  secret?: string;
}

export function signature(
  body: string,
  { shift = 0, secret = SECRET }: Signing = {},
): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1_000) + shift);
  const digest = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': `v0=${digest}`,
  };
}

export function send(bot: Bot, body: string, headers = signature(body)): Promise<Response> {
  return fetch(`${bot.url}/slack/events`, { method: 'POST', body, headers });
}

export function commandBody(bot: Bot, text: string, fields: Record<string, string> = {}): string {
  return new URLSearchParams({
    command: '/muster',
    text,
    user_id: 'U0ASHA',
    user_name: 'asha',
    channel_id: 'C0OTHER',
    channel_name: 'random',
    team_id: 'T1',
    response_url: `${bot.peer.url}/respond`,
    trigger_id: randomUUID(),
    ...fields,
  }).toString();
}

export function clickBody(bot: Bot, value: string, more: Record<string, unknown> = {}): string {
  const payload = {
    type: 'block_actions',
    user: { id: 'U0ASHA', username: 'asha', team_id: 'T1' },
    team: { id: 'T1' },
    channel: { id: 'C0OTHER', name: 'random' },
    container: { type: 'message', is_ephemeral: false },
    message: { text: 'before', blocks: [{ type: 'divider' }, { type: 'actions', block_id: 'x-1' }] },
    response_url: `${bot.peer.url}/respond`,
    trigger_id: randomUUID(),
    actions: [
      {
        type: 'button',
        action_id: 'say-0',
        block_id: 'x-1',
        value,
        text: { type: 'plain_text', text: 'Do it' },
      },
    ],
    ...more,
  };
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
