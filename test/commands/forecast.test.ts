import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandContext } from '../../commands/command.js';
import { hear } from '../../commands/index.js';
import type { Part } from '../../src/core/message.js';
import { shellText } from '../../src/shell-text.js';
import { aScene, NOON, withDecision } from '../support/fleet.js';

const say = (said: string, context: CommandContext) => hear(said, { ...context, said });
const imageOf = (parts: Part[]) => {
  const image = parts.find((part) => part.kind === 'image');
  ok(image?.kind === 'image');
  return image;
};

test('forecast says the peak, the margin, the need, each voter and the hours it covers', async () => {
  const { context, store } = aScene();
  await withDecision(store, 'ocr');
  const { message, visibility } = await say('forecast ocr', context);
  equal(visibility, 'caller');
  const text = shellText(message);
  match(text, /The forecast covers 12:33 UTC to 12:53 UTC\. The next cycle decides at 12:40 UTC\./);
  match(text, /Forecast peak: +[\d.]+\/s\nMargin: +× \d\.\d\d\nSized for: +[\d.]+\/s\n/);
  match(text, /Need by forecast: +\d+/);
  match(text, /last value +5\/s +0 % +[\d.]+ %/);
  const image = imageOf(message.parts);
  equal(image.png.timeZone, 'Asia/Kolkata');
  deepEqual(image.png.data.moment, { at: NOON, label: 'now' });
  match(image.alt, /^Demand of ocr/);
});

test('forecast takes hours in the ways people write them, and says its limits', async () => {
  const { context, store } = aScene();
  await withDecision(store, 'ocr');
  for (const hours of ['24', '24h', '24 hours', '48', '1']) {
    ok((await say(`forecast ocr ${hours}`, context)).message.title === 'Forecast of ocr');
  }
  for (const wrong of ['0', '49', 'soon', '2 days', '-3', '1e9']) {
    await rejects(say(`forecast ocr ${wrong}`, context), { code: 'usage', message: /hours from 1 to 48/ });
  }
});

test('a fleet without a sample has no forecast, and is told so kindly', async () => {
  const { context } = aScene();
  match(shellText((await say('forecast ocr', context)).message), /no sample yet/);
});

test('why shows the chart as it was when it was decided, with what came since', async () => {
  const { context, store } = aScene();
  const record = await withDecision(store, 'ocr');
  const later = { ...context, now: NOON + 600_000 };
  const image = imageOf((await say('why ocr', later)).message.parts);
  deepEqual(image.png.data.moment, { at: record.at, label: 'decided' });
});
