/** What a peer refuses: the right message goes, what waits behind it is sent, and a time to wait is kept by everybody. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { WebAPIPlatformError } from '@slack/web-api';
import { announce } from '../../jobs/announce.js';
import { outsideError } from '../../src/adapters/slack/client.js';
import type { JobContext } from '../../src/app.js';
import type { OutboxPriority, OutboxRow } from '../../src/core/message.js';
import { OutsideError } from '../../src/errors.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';

const channel = '#ml-ops';
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const row = (key: string, priority: OutboxPriority): OutboxRow => ({
  ...{ v: 1, channel, key, seq: 1, fleet: 'ocr', decisionId: null, priority, at: 0 },
  message: { summary: key, tone: 'info', parts: [] },
});

function scene(answer: (row: OutboxRow) => Promise<void>) {
  let machineMs = 0;
  const store = createMemoryStore({ now: () => machineMs });
  const posted: string[] = [];
  const chat = {
    find: async () => null,
    update: async () => {},
    reply: async () => ({ channel, ts: '1' }),
    post: async (one: OutboxRow) => {
      await answer(one);
      posted.push(one.key);
      return { channel, ts: String(posted.length) };
    },
  };
  const context = {
    ...{ store, chat, pager: null, log: quiet, fleets: [] },
    clock: { now: () => 0, speed: 60, sleep: async () => {} },
    queue: { enqueue: async () => {} },
    meter: { peerFailed() {}, outbox() {} },
    settings: { holder: 'me', leaseMs: 5_000 },
    signal: new AbortController().signal,
  } as unknown as JobContext;
  const turn = () => announce.run({ v: 1, channel }, context);
  return { store, posted, turn, pass: (ms: number) => (machineMs += ms) };
}

const slackSays = (error: string): OutsideError =>
  outsideError(new WebAPIPlatformError({ ok: false, error, response_metadata: {} }), 'chat.postMessage');

test('a message that Slack will never take goes, and the alert that came meanwhile stays', async () => {
  const { store, posted, turn } = scene(async ({ key }) => {
    if (key !== 'unfit') return;
    await store.push([row('alert', 'alert')], []);
    throw slackSays('invalid_blocks');
  });
  await store.push([row('unfit', 'notice'), row('next', 'notice')], []);
  for (let n = 0; n < 3; n += 1) await turn();
  deepEqual(posted, ['alert', 'next']);
});

test('a mistake in the set-up of the app keeps every message until it is mended', async () => {
  let isMended = false;
  const { store, posted, turn } = scene(async () => {
    if (!isMended) throw slackSays('not_in_channel');
  });
  await store.push([row('one', 'notice'), row('two', 'notice')], []);
  await turn();
  await turn();
  deepEqual(posted, []);
  isMended = true;
  await turn();
  deepEqual(posted, ['one', 'two']);
});

test('nobody sends before the time that Slack asked for is over, however often the channel is woken', async () => {
  let tries = 0;
  const { store, posted, turn, pass } = scene(async () => {
    tries += 1;
    const asked = { class: 'wait', why: 'rate-limited', retryAfterMs: 30_000 } as const;
    if (tries === 1) throw new OutsideError('slack', 'chat.postMessage', 'asked to wait', asked);
  });
  await store.push([row('one', 'notice')], []);
  for (let second = 0; second < 29; second += 1) {
    await turn();
    pass(1_000);
  }
  equal(tries, 1);
  pass(1_001);
  await turn();
  deepEqual(posted, ['one']);
});
