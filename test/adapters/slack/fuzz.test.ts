import { deepEqual, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type Bot, clickBody, commandBody, send, startBot } from './harness.js';

let bot: Bot;
before(async () => {
  bot = await startBot();
});
after(() => bot.stop());

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.json({ maxDepth: 3 }),
  fc.constant('{"command":"freeze for 1h because forged","version":null,"id":"x","mac":"AAAA"}'),
  fc.constant('{"command":{"toString":1},"version":null,"id":[],"mac":null}'),
);
const body = fc.oneof(
  // Signed by Slack's secret, and still nonsense.
  fc.json({ maxDepth: 4 }).map((payload) => new URLSearchParams({ payload }).toString()),
  fc
    .constantFrom('block_actions', 'view_submission', 'view_closed', 'message_action', 'shortcut', 'x')
    .chain((type) =>
      fc.jsonValue({ maxDepth: 2 }).map((rest) => {
        const more =
          typeof rest === 'object' && rest !== null && !Array.isArray(rest)
            ? rest
            : { actions: rest, view: rest };
        return new URLSearchParams({ payload: JSON.stringify({ ...more, type }) }).toString();
      }),
    ),
  value.map((each) => clickBody(bot, each)),
  value.map((each) => clickBody(bot, each, { actions: [{ action_id: 'say-0', value: each }, null] })),
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => commandBody(bot, text)),
  fc
    .dictionary(fc.string({ maxLength: 8 }), fc.string({ maxLength: 20 }))
    .map((fields) => new URLSearchParams(fields).toString()),
);

test('signed nonsense is answered below 500, changes nothing and leaves the bot well', async () => {
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      const response = await send(bot, text);
      await response.arrayBuffer();
      ok(response.status < 500, `${response.status}: ${text}`);
    }),
    { numRuns: 200, seed: 1 },
  );
  deepEqual((await bot.store.fleet('ocr')).freezes, []);
  deepEqual(await bot.store.audit(5), []);
  const before = bot.peer.responses.length;
  await send(bot, commandBody(bot, 'help'));
  await bot.answer(before + 1);
  ok(
    !bot.logged.some((line) => line.includes('an answer was lost')),
    bot.logged.find((line) => line.includes('lost')) ?? '',
  );
});
