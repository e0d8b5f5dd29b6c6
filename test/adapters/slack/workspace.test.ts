import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { OutboxRow } from '../../../src/core/message.js';
import type { Chat } from '../../../src/ports.js';
import { createSlackStandIn, type SlackStandIn } from '../../../src/sandbox/slack/stand-in.js';
import { type Bot, SECRET, startBot, TOKEN } from './harness.js';

/** The bot against the stand-in workspace, both ends over the wire. */
let workspace: SlackStandIn;
let bot: Bot;
let chat: Chat;
const bots: { url: string }[] = [];

before(async () => {
  const started = Date.now();
  workspace = await createSlackStandIn({
    context: {
      clock: { now: () => Date.now() - started + 1_700_000_000_000, speed: 1, sleep: async () => {} },
      fault: () => null,
      record: () => {},
    },
    signingSecret: SECRET,
    botToken: TOKEN,
    bots: () => bots,
    patience: { quietMs: 500, longestMs: 10_000 },
  });
  bot = await startBot({
    config: {
      mode: 'http',
      botToken: TOKEN,
      signingSecret: SECRET,
      appToken: null,
      apiUrl: workspace.apiUrl,
    },
  });
  bots.push({ url: bot.url });
  ({ chat } = bot.slack);
});
after(async () => {
  await bot.stop();
  await workspace.close();
});

const row = (values: Partial<OutboxRow> = {}): OutboxRow => ({
  v: 1,
  channel: '#ml-ops',
  key: 'decision-w1',
  seq: 1,
  fleet: 'ocr',
  decisionId: 'w1',
  priority: 'decision',
  at: 0,
  message: {
    summary: 'ocr goes from 2 to 5 workers.',
    title: 'ocr: 2 → 5 workers',
    tone: 'info',
    parts: [
      { kind: 'buttons', buttons: [{ label: 'Keep 4', command: 'override ocr 4 for 1h because undo' }] },
    ],
  },
  thread: [{ summary: 'How it was decided.', tone: 'info', parts: [] }],
  ...values,
});

const room = () => workspace.channels().find(({ name }) => name.replace('#', '') === 'ml-ops')!;

test('a message is posted, found by its key, updated in place and replied to', async () => {
  const ref = await chat.post(row());
  deepEqual(await chat.find(row()), ref);
  equal(await chat.find(row({ key: 'decision-w2' })), null);
  await chat.update(ref, row({ seq: 2, message: { summary: 'ready', tone: 'good', parts: [] } }));
  await chat.reply(ref, row(), 0);
  const posted = room().messages.find(({ ts }) => ts === ref.ts);
  equal(posted?.text, 'ready');
  equal(posted?.thread[0]?.text, 'How it was decided.');
});

test('a command typed in the workspace is acknowledged and answered', async () => {
  const outcome = await workspace.command({ user: 'U0ASHA', channel: 'ml-ops', text: '/muster status' });
  ok(outcome?.ok === true);
  equal(outcome.responses[0]?.kind, 'ephemeral');
  match(JSON.stringify(outcome.responses[0]), /face-match/);
});

test('a click on a posted button is carried out, seen by the channel, and takes the buttons away', async () => {
  const ref = await chat.post(row({ key: 'decision-w3' }));
  const outcome = await workspace.click({ user: 'U0RAVI', messageTs: ref.ts, actionId: 'say-0' });
  ok(outcome?.ok === true);
  equal((await bot.store.fleet('ocr')).override?.workers, 4);
  equal(outcome.responses.at(-1)?.kind, 'in_channel');
  const message = JSON.stringify(room().messages.find(({ ts }) => ts === ref.ts)?.blocks);
  match(message, /ravi clicked “Keep 4”/);
  ok(!message.includes('"actions"'));
});

test('a guest of the workspace is refused', async () => {
  const outcome = await workspace.command({
    user: 'U0GUEST',
    channel: 'ml-ops',
    text: 'freeze for 1h because x',
  });
  match(JSON.stringify(outcome?.responses), /Guests/);
  deepEqual((await bot.store.fleet('ocr')).freezes, []);
});
