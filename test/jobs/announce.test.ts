/** The outbox against the stand-in workspace: Slack away for an hour of Muster time, crashes, and people who do not wait. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { announce } from '../../jobs/announce.js';
import { createSlack, type Slack } from '../../src/adapters/slack/index.js';
import type { JobContext } from '../../src/app.js';
import type { OutboxPriority, OutboxRow } from '../../src/core/message.js';
import type { Store } from '../../src/ports.js';
import type { Fault } from '../../src/sandbox/context.js';
import { createSlackStandIn, type SlackStandIn } from '../../src/sandbox/slack/stand-in.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';

const START = Date.UTC(2026, 0, 5, 12, 0);
const MINUTE = 60_000;
const channel = '#ml-ops';
const bots: { url: string }[] = [];
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let now = START;
let fault: Fault | null = null;
let workspace: SlackStandIn;
let slack: Slack;
const clock = {
  now: () => now,
  speed: 1,
  sleep: async (ms: number) => {
    now += ms;
  },
};

/** After which a post is given up. */
const POST_MS = 3_000;

before(async () => {
  workspace = await createSlackStandIn({
    context: { clock, fault: (target) => (target === 'slack' ? fault : null), record() {} },
    signingSecret: 'a-secret',
    botToken: 'xoxb-1',
    bots: () => bots,
    patience: { quietMs: 50, longestMs: 1_500 },
  });
  slack = createSlack({
    config: {
      mode: 'http',
      botToken: 'xoxb-1',
      signingSecret: 'a-secret',
      appToken: null,
      apiUrl: workspace.apiUrl,
    },
    environment: 'test',
    command: '/muster',
    http: { host: '127.0.0.1', port: 0 },
    handle: async () => ({ visibility: 'caller', message: { summary: 'here', tone: 'info', parts: [] } }),
    changes: () => false,
    once: createMemoryStore({ now: () => 0 }).once,
    log: quiet,
    timeoutMs: POST_MS,
    routes: [],
  });
  const { host, port } = await slack.start();
  bots.push({ url: `http://${host}:${port}` });
});
after(async () => {
  await slack.stop();
  await workspace.close();
});

function scene() {
  const store = createMemoryStore({ now: () => 0 });
  const delays: (number | undefined)[] = [];
  const context = (over: Partial<Store> = {}) =>
    ({
      store: { ...store, ...over },
      clock,
      chat: slack.chat,
      pager: null,
      queue: {
        enqueue: async (_job: string, _data: unknown, options?: { delayMs?: number }) =>
          void delays.push(options?.delayMs),
      },
      meter: { peerFailed() {}, outbox() {} },
      log: quiet,
      fleets: [],
      settings: { holder: 'me', leaseMs: 5_000 },
      signal: new AbortController().signal,
    }) as unknown as JobContext;
  const turn = (over: Partial<Store> = {}) => announce.run({ v: 1, channel }, context(over));
  /** Turns until nothing waits. */
  const drain = async (): Promise<void> => {
    for (let n = 0; n < 50 && (await store.waiting()).length > 0; n += 1) await turn();
  };
  return { store, delays, turn, drain };
}

let serial = 0;
const row = (priority: OutboxPriority, at: number, more: Partial<OutboxRow> = {}): OutboxRow => {
  const key = `m${++serial}`;
  const message = { summary: `${priority} ${key}`, tone: 'info' as const, parts: [] };
  return {
    v: 1,
    channel,
    key,
    seq: 1,
    fleet: serial % 2 ? 'ocr' : 'liveness',
    decisionId: null,
    priority,
    at,
    message,
    ...more,
  };
};

/** What stands in the channel since `mark`, oldest first. */
const mark = (): number => room().length;
const room = () => workspace.channels().find(({ name }) => name === 'ml-ops')!.messages;
const textsSince = (from: number): string[] =>
  room()
    .slice(from)
    .map(({ text }) => text);
const down = (minutes: number): void => {
  fault = { id: 'f', target: 'slack', kind: 'down', until: now + minutes * MINUTE };
};

test('after an hour without Slack the alerts come one by one and the rest in one message', async () => {
  const { store, delays, turn, drain } = scene();
  const from = mark();
  const posted = row('decision', now);
  await store.push([posted], []);
  await drain();
  down(60);
  const alerts: OutboxRow[] = [];
  for (let minute = 0; minute < 60; minute += 1) {
    const due = minute % 20 === 5 ? [row('alert', now)] : [row('decision', now), row('notice', now)];
    alerts.push(...due.filter(({ priority }) => priority === 'alert'));
    await store.push(due, []);
    if (minute === 30)
      await store.push(
        [{ ...posted, seq: 2, at: now, message: { ...posted.message, summary: 'it is ready' } }],
        [],
      );
    // The loop only ever stores and goes on; the sender comes back later by itself.
    await turn();
    ok(delays.at(-1)! > 0);
    now += MINUTE;
  }
  fault = null;
  const fresh = row('decision', now);
  await store.push([fresh], []);
  await drain();
  const texts = textsSince(from);
  equal(texts[0], 'it is ready', 'an update of a posted message still arrives');
  deepEqual(
    texts.slice(1, 1 + alerts.length),
    alerts.map(({ message }) => message.summary),
  );
  const rest = texts.slice(1 + alerts.length);
  equal(rest.filter((text) => /could not be posted in time/.test(text)).length, 1);
  match(rest.join('\n'), /\d\d messages from 12:0\d UTC to 12:\d\d UTC could not be posted in time/);
  ok(rest.includes(fresh.message.summary), 'what has just come is posted by itself');
  ok(rest.length <= 5, `${rest.length} messages after the alerts`);
});

test('a crash between the summary and its note posts no second one', async () => {
  const { store, turn, drain } = scene();
  const from = mark();
  await store.push(
    Array.from({ length: 9 }, () => row('decision', now)),
    [],
  );
  now += 40 * MINUTE;
  const crash = new Error('killed');
  await turn({ fold: () => Promise.reject(crash) }).then(
    () => ok(false, 'it was to be killed'),
    (error) => equal(error, crash),
  );
  await turn({ sent: () => Promise.reject(crash) }).catch(() => undefined);
  equal((await store.waiting())[0]?.count, 9);
  await drain();
  deepEqual(textsSince(from).length, 1);
  match(textsSince(from)[0]!, /^9 messages/);
});

test('a few late messages are posted as they are', async () => {
  const { store, drain } = scene();
  const from = mark();
  await store.push([row('decision', now), row('notice', now), row('progress', now)], []);
  now += 40 * MINUTE;
  await drain();
  equal(textsSince(from).length, 3);
});

test('a person is answered at once while posts wait for Slack', async () => {
  const { store, turn } = scene();
  await store.push(
    Array.from({ length: 30 }, () => row('decision', now)),
    [],
  );
  fault = { id: 'f', target: 'slack', kind: 'slow', until: now + MINUTE };
  const posting = turn();
  const outcome = await workspace.command({ user: 'U0ASHA', channel: 'ml-ops', text: '/muster status' });
  ok(outcome?.ok && outcome.ackMs < POST_MS, `acknowledged after ${outcome?.ackMs} ms`);
  fault = null;
  await posting;
});
