/**
 * Signed slash commands at a steady rate: a bare Bolt app and one replica of Muster take turns, second by second. Who
 * types runs in a thread of its own, so that the time until an acknowledgement is not the time until it could be read.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import bolt from '@slack/bolt';
import { createClock } from '../src/adapters/clock/clock.js';
import { createSlack } from '../src/adapters/slack/index.js';
import { createMemoryStore } from '../src/simulation/memory-store.js';
import { createBenchWorld, silent, warm } from './loop-world.js';
import { type CommandFigures, SECRET } from './slack-typist.js';

const FLEETS = 3;

export async function benchCommands(load: { seconds: number; rate: number }): Promise<CommandFigures> {
  const typist = new Worker(new URL('./slack-typist.js', import.meta.url), { workerData: 'typist' });
  const next = <T>(): Promise<T> =>
    new Promise((resolve, reject) => {
      typist.once('message', resolve);
      typist.once('error', reject);
    });
  try {
    const peer = await next<string>();
    const [bare, muster] = await Promise.all([startBare(), startMuster(peer)]);
    const told = next<CommandFigures>();
    typist.postMessage({ bare: bare.url, muster: muster.url, ...load });
    const figures = await told;
    await Promise.all([bare.stop(), muster.stop()]);
    return figures;
  } finally {
    await typist.terminate();
  }
}

interface Running {
  url: string;
  stop(): Promise<unknown>;
}

async function startBare(): Promise<Running> {
  const receiver = new bolt.HTTPReceiver({ signingSecret: SECRET, logLevel: bolt.LogLevel.ERROR });
  const app = new bolt.App({
    receiver,
    authorize: async () => ({ botToken: 'xoxb-1' }),
    convoStore: false,
    logLevel: bolt.LogLevel.ERROR,
  });
  app.command(/^\//, async ({ ack }) => ack());
  const server = (await receiver.start({ host: '127.0.0.1', port: 0 })) as Server;
  return { url: addressOf(server), stop: () => receiver.stop() };
}

async function startMuster(peer: string): Promise<Running> {
  const clock = createClock(null);
  const store = createMemoryStore({ now: Date.now });
  const world = createBenchWorld(FLEETS, clock, store, { enqueue: async () => {} });
  await warm(world);
  const slack = createSlack({
    config: {
      mode: 'http',
      botToken: 'xoxb-1',
      signingSecret: SECRET,
      appToken: null,
      apiUrl: `${peer}/api/`,
    },
    environment: 'bench',
    command: '/muster',
    http: { host: '127.0.0.1', port: 0 },
    handle: (heard) => world.app.handle(heard),
    changes: () => false,
    once: store.once,
    log: silent,
    timeoutMs: 2_000,
    routes: [],
  });
  const { host, port } = await slack.start();
  return { url: `http://${host}:${port}`, stop: () => slack.stop() };
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
