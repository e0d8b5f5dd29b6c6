/** A stand-in with a Bolt app as its bot, on loopback, and a Muster clock that moves by hand. */
import bolt from '@slack/bolt';
import { ErrorCode, WebClient } from '@slack/web-api';
import type { Clock } from '../../../src/ports.js';
import type { Call, Fault, WorldContext } from '../../../src/sandbox/context.js';
import { createSlackStandIn, type SlackStandIn } from '../../../src/sandbox/slack/stand-in.js';

export const signingSecret = 'sandbox-signing-secret';
export const botToken = 'xoxb-sandbox';

export interface Bench {
  slack: SlackStandIn;
  client: WebClient;
  app: bolt.App;
  calls: Call[];
  clock: Clock & { set(to: number): void };
  fault(fault: Fault | null): void;
  bots: { url: string }[];
  close(): Promise<void>;
}

export async function aBench(listen: (app: bolt.App) => void = () => {}): Promise<Bench> {
  let now = Date.UTC(2026, 0, 5, 6, 0, 0);
  let fault: Fault | null = null;
  const calls: Call[] = [];
  const clock = {
    now: () => now,
    speed: 60,
    sleep: async () => {},
    set: (to: number) => {
      now = to;
    },
  };
  const context: WorldContext = {
    clock,
    fault: (target) => (fault?.target === target ? fault : null),
    record: (call) => void calls.push({ at: now, ...call }),
  };
  const bots: { url: string }[] = [];
  const slack = await createSlackStandIn({
    context,
    signingSecret,
    botToken,
    bots: () => bots,
    patience: { quietMs: 500, longestMs: 10_000 },
  });
  const clientOptions = {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  };
  const receiver = new bolt.HTTPReceiver({ signingSecret, logLevel: bolt.LogLevel.ERROR });
  const app = new bolt.App({
    token: botToken,
    receiver,
    clientOptions,
    logLevel: bolt.LogLevel.ERROR,
  });
  listen(app);
  const server = (await app.start({ port: 0, host: '127.0.0.1' })) as import('node:http').Server;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  bots.push({ url: `http://127.0.0.1:${address.port}` });
  const client = new WebClient(botToken, clientOptions);
  return {
    slack,
    client,
    app,
    calls,
    clock,
    fault: (next) => {
      fault = next;
    },
    bots,
    async close() {
      await app.stop();
      server.closeAllConnections();
      await slack.close();
    },
  };
}

/** Slack's error code of a refused call. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { code, data } = error as { code?: string; data?: { error?: string } };
    if (code === ErrorCode.RateLimitedError) return 'ratelimited';
    return data?.error ?? String(error);
  }
  return 'accepted';
}
