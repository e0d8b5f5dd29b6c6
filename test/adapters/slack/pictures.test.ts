import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { lintMessage } from '../../../src/adapters/slack/lint.js';
import { OutsideError } from '../../../src/errors.js';
import type { Charts } from '../../../src/ports.js';
import { createSlackStandIn, type SlackStandIn } from '../../../src/sandbox/slack/stand-in.js';
import { withDecision } from '../../support/fleet.js';
import { type Bot, commandBody, SECRET, send, startBot, TOKEN } from './harness.js';

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3, 4]);
const charts: Charts = { png: async () => PNG };
const failing: Charts = {
  png: async () => {
    throw new OutsideError('chart', 'draw a chart', 'no room', { class: 'human', why: 'error' });
  },
};

/** A bot whose peer is ready for an upload, and a fleet with a decision. */
async function aBot(options: Parameters<typeof startBot>[0] = { charts }): Promise<Bot> {
  const bot = await startBot(options);
  bot.peer.answers.set('files.getUploadURLExternal', () => ({
    json: { ok: true, upload_url: `${bot.peer.url}/upload/secret-place`, file_id: 'F1' },
  }));
  await withDecision(bot.store, 'ocr');
  return bot;
}

const methods = (bot: Bot): string[] =>
  bot.peer.calls.map(({ method }) => method).filter((method) => /^files|upload/.test(method));

test('the words come first, then the picture: uploaded into no channel, shown to the caller alone', async () => {
  const bot = await aBot();
  try {
    await send(bot, commandBody(bot, 'why ocr'));
    const words = await bot.answer(1);
    const picture = await bot.answer(2);
    match(JSON.stringify(words), /Need by forecast.*Time \(Kolkata\)/s);
    deepEqual(methods(bot), [
      'files.getUploadURLExternal',
      '/upload/secret-place',
      'files.completeUploadExternal',
    ]);
    const [asked, , completed] = bot.peer.calls.filter(({ method }) => /^files|upload/.test(method));
    equal(asked?.body.length, String(PNG.byteLength));
    match(String(asked?.body.alt_txt), /^Demand of ocr lay between/);
    equal(completed?.body.channel_id, undefined);
    equal(picture.response_type, 'ephemeral');
    const [image] = picture.blocks as Record<string, unknown>[];
    deepEqual([image?.type, image?.slack_file], ['image', { id: 'F1' }]);
    equal(image?.alt_text, asked?.body.alt_txt);
    equal(picture.text, image?.alt_text);
    deepEqual(lintMessage(picture), []);
  } finally {
    await bot.stop();
  }
});

for (const [name, prepare] of [
  ['refuses the upload', 'files.getUploadURLExternal'],
  ['loses the bytes', '/upload/secret-place'],
  ['does not take the file', 'files.completeUploadExternal'],
] as const) {
  test(`where Slack ${name}, the words stand alone, and the log says why without the address`, async () => {
    const bot = await aBot();
    bot.peer.answers.set(prepare, () => ({
      status: 429,
      headers: { 'retry-after': '30' },
      json: { ok: false, error: 'ratelimited' },
    }));
    try {
      await send(bot, commandBody(bot, 'forecast ocr'));
      match(JSON.stringify(await bot.answer(1)), /Forecast \(sized for\)/);
      await bot.slack.stop();
      equal(bot.peer.responses.length, 1);
      const told = bot.logged.filter((line) => line.includes('a chart is not shown'));
      equal(told.length, 1);
      doesNotMatch(told[0]!, /secret-place/);
    } finally {
      await bot.stop();
    }
  });
}

test('a chart that cannot be drawn, and a bot that draws none, say it in words', async () => {
  for (const options of [{ charts: failing }, {}]) {
    const bot = await aBot(options);
    try {
      await send(bot, commandBody(bot, 'why ocr'));
      match(JSON.stringify(await bot.answer(1)), /Demand of ocr lay between/);
      await bot.slack.stop();
      equal(bot.peer.responses.length, 1);
      deepEqual(methods(bot), []);
    } finally {
      await bot.stop();
    }
  }
});

let workspace: SlackStandIn;
let bot: Bot;
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
    patience: { quietMs: 1_500, longestMs: 10_000 },
  });
  const slack = { botToken: TOKEN, signingSecret: SECRET, appToken: null, apiUrl: workspace.apiUrl };
  bot = await startBot({ charts, config: { mode: 'http', ...slack } });
  bots.push({ url: bot.url });
  await withDecision(bot.store, 'ocr');
});
after(async () => {
  await bot.stop();
  await workspace.close();
});

test('in the stand-in workspace the picture arrives byte for byte, seen by nobody else', async () => {
  const outcome = await workspace.command({
    user: 'U0ASHA',
    channel: 'ml-ops',
    text: '/muster forecast ocr',
  });
  ok(outcome?.ok === true);
  deepEqual(
    outcome.responses.map(({ kind }) => kind),
    ['ephemeral', 'ephemeral'],
  );
  const [image] = (outcome.responses[1]?.blocks ?? []) as {
    slack_file?: { id: string };
    alt_text?: string;
  }[];
  const file = workspace.workspace.files.get(image?.slack_file?.id ?? '');
  equal(file?.complete, true);
  deepEqual(Buffer.from(file?.bytes ?? []), PNG);
  equal(file?.altText, image?.alt_text);
  const posted = workspace.channels().flatMap(({ messages }) => messages);
  doesNotMatch(JSON.stringify(posted), /slack_file/);
});
