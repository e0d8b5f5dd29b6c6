import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createButtonSigner } from '../../../src/adapters/slack/buttons.js';
import type { Answer } from '../../../src/adapters/slack/index.js';
import { lintMessage } from '../../../src/adapters/slack/lint.js';
import { OutsideError } from '../../../src/errors.js';
import { until } from '../../support/redis.js';
import { type Bot, clickBody, commandBody, SECRET, send, signature, startBot, TOKEN } from './harness.js';

let bot: Bot;
before(async () => {
  bot = await startBot();
});
beforeEach(() => {
  bot.peer.responses.length = 0;
  bot.peer.calls.length = 0;
  bot.logged.length = 0;
});
after(() => bot.stop());

const signer = createButtonSigner(SECRET, 'test');
let buttons = 0;
const value = (command: string, version?: number): string =>
  signer.sign({ label: 'x', command, ...(version === undefined ? {} : { version }) }, `m-${++buttons}`, 0)!;

test('a command is acknowledged with an empty body and answered through response_url', async () => {
  const response = await send(bot, commandBody(bot, 'status'));
  equal(response.status, 200);
  equal(await response.text(), '');
  const answer = await bot.answer();
  equal(answer.response_type, 'ephemeral');
  deepEqual(lintMessage(answer), []);
  match(String(answer.text), /face-match 4\/4/);
});

test('what changes something is seen by the channel', async () => {
  await send(bot, commandBody(bot, 'override ocr 5 for 1h because load test'));
  equal((await bot.answer()).response_type, 'in_channel');
  equal((await bot.store.fleet('ocr')).override?.by.name, 'Asha');
  await send(bot, commandBody(bot, 'override cancel ocr'));
  await bot.answer(2);
});

test('the clock of a time is the one of the person who typed it', async () => {
  // Half past noon UTC is 18:00 in Kolkata: half an hour on.
  await send(bot, commandBody(bot, 'override ocr 5 until 18:30 because campaign'));
  await bot.answer();
  const { override } = await bot.store.fleet('ocr');
  equal((override?.until ?? 0) - (override?.at ?? 0), 1_800_000);
  await send(bot, commandBody(bot, 'override cancel ocr'));
  await bot.answer(2);
});

test('requests that are unsigned, badly signed, old or from the future are refused unheard', async () => {
  const body = commandBody(bot, 'freeze for 1h because attack');
  equal((await send(bot, body, { 'content-type': 'application/x-www-form-urlencoded' })).status, 401);
  equal((await send(bot, body, signature(body, { secret: 'another' }))).status, 401);
  equal((await send(bot, body, signature(`${body}&x=1`))).status, 401);
  equal((await send(bot, body, signature(body, { shift: -400 }))).status, 401);
  equal((await send(bot, body, signature(body, { shift: 400 }))).status, 401);
  equal((await send(bot, `x=${'y'.repeat(300_000)}`)).status, 413);
  deepEqual((await bot.store.fleet('ocr')).freezes, []);
});

test('a signature within five minutes either way is good', async () => {
  for (const shift of [-200, 299]) {
    const body = commandBody(bot, 'help');
    equal((await send(bot, body, signature(body, { shift }))).status, 200);
  }
  await bot.answer(2);
});

test('a replay of a signed request is taken and does nothing', async () => {
  const body = commandBody(bot, 'freeze ocr for 1h because once');
  const headers = signature(body);
  equal((await send(bot, body, headers)).status, 200);
  await bot.answer();
  const replay = await send(bot, body, headers);
  equal(replay.status, 200);
  equal(replay.headers.get('x-muster-duplicate'), '1');
  match(await replay.text(), /already/);
  await send(bot, commandBody(bot, 'unfreeze ocr'));
  await bot.answer(2);
  await send(bot, body, headers);
  deepEqual((await bot.store.fleet('ocr')).freezes, []);
});

test('the unsigned connectivity check is answered and runs nothing', async () => {
  const body = 'ssl_check=1&command=%2Fmuster&text=freeze';
  const response = await send(bot, body, { 'content-type': 'application/x-www-form-urlencoded' });
  equal(response.status, 200);
  equal(bot.peer.responses.length, 0);
});

test('a slip is answered with the nearest verb and the usage, to the caller alone', async () => {
  await send(bot, commandBody(bot, 'statsu'));
  const answer = await bot.answer();
  equal(answer.response_type, 'ephemeral');
  match(String(answer.text), /Did you mean “status”/);
  await send(bot, commandBody(bot, 'override ocr 5'));
  match(JSON.stringify(await bot.answer(2)), /Usage.*\/muster override &lt;fleet&gt;/);
});

test('what people write cannot mention, link or break out, wherever it is shown', async () => {
  const evil = 'x &lt;!channel&gt; &lt;@U1&gt; <@U2|ravi> &amp;lt;!here&amp;gt; `*';
  await send(bot, commandBody(bot, `override ocr 5 for 1h because ${evil}`));
  await bot.answer();
  await send(bot, commandBody(bot, 'status'));
  await send(bot, commandBody(bot, `why ${evil.split(' ')[1]}`));
  await bot.answer(3);
  equal((await bot.store.fleet('ocr')).override?.reason, 'x <!channel> <@U1> @ravi &lt;!here&gt; `*');
  for (const answer of bot.peer.responses) {
    doesNotMatch(JSON.stringify(answer), /<[@#]|<!(?!date\^)/);
    deepEqual(lintMessage(answer), []);
  }
  await send(bot, commandBody(bot, 'override cancel ocr'));
  await bot.answer(4);
});

test('a button acts once, whoever clicks twice, and its message loses its buttons', async () => {
  const button = value('override ocr 6 for 1h because button');
  await send(bot, clickBody(bot, button));
  const closed = await bot.answer(1);
  equal(closed.replace_original, true);
  match(JSON.stringify(closed.blocks), /Asha clicked “Do it”/);
  doesNotMatch(JSON.stringify(closed.blocks), /"actions"/);
  equal((await bot.answer(2)).response_type, 'in_channel');
  await send(bot, clickBody(bot, button));
  match(String((await bot.answer(3)).text), /nothing is done twice/);
  await send(bot, clickBody(bot, button, { user: { id: 'U0RAVI', username: 'ravi', team_id: 'T1' } }));
  match(String((await bot.answer(4)).text), /Asha clicked this a moment ago/);
  equal((await bot.store.audit(10)).filter(({ said }) => said?.includes('because button')).length, 1);
});

test('a reading button of one message answers everybody', async () => {
  const button = value('status');
  await send(bot, clickBody(bot, button));
  await send(bot, clickBody(bot, button, { user: { id: 'U0RAVI', username: 'ravi', team_id: 'T1' } }));
  await bot.answer(2);
  for (const { text } of bot.peer.responses) match(String(text), /face-match/);
});

test('a button that was altered, or made elsewhere, or for an older state does nothing', async () => {
  const good = value('freeze for 1h because button');
  const altered = good.replace('1h', '9h');
  const foreign = createButtonSigner(SECRET, 'production').sign({ label: 'x', command: 'freeze' }, 'm', 0)!;
  for (const [n, bad] of [altered, foreign, '{}', 'null', 'x'].entries()) {
    await send(bot, clickBody(bot, bad));
    match(String((await bot.answer(n + 1)).text), /altered, so nothing was done/);
  }
  await send(bot, clickBody(bot, value('override cancel ocr', 1)));
  match(String((await bot.answer(6)).text), /out of date/);
  deepEqual((await bot.store.fleet('ocr')).freezes, []);
});

test('guests, bots and deactivated accounts are told that they are not heard', async () => {
  const kinds = [{ is_restricted: true }, { is_ultra_restricted: true }, { is_bot: true }, { deleted: true }];
  const usual = bot.peer.answers.get('users.info')!;
  for (const [n, kind] of kinds.entries()) {
    bot.peer.answers.set('users.info', () => ({ json: { ok: true, user: { name: 'g', ...kind } } }));
    await send(bot, commandBody(bot, 'freeze for 1h because guest', { user_id: `U0GUEST${n}` }));
    match(String((await bot.answer(n + 1)).text), /not listen|cannot use/);
  }
  bot.peer.answers.set('users.info', usual);
  deepEqual((await bot.store.fleet('ocr')).freezes, []);
});

test('a name is asked for once, and a silent users.info delays nobody for long', async () => {
  await send(bot, commandBody(bot, 'help', { user_id: 'U0NEW' }));
  await send(bot, commandBody(bot, 'help', { user_id: 'U0NEW' }));
  await bot.answer(2);
  equal(bot.peer.calls.filter(({ method }) => method === 'users.info').length <= 2, true);
  const usual = bot.peer.answers.get('users.info')!;
  bot.peer.answers.set('users.info', () => 'hang');
  await send(bot, commandBody(bot, 'help', { user_id: 'U0SLOW' }));
  await bot.answer(3);
  bot.peer.answers.set('users.info', usual);
});

test('health is served on the same port, and unknown paths are not found', async () => {
  equal(await (await fetch(`${bot.url}/healthz`)).text(), 'fine');
  equal((await fetch(`${bot.url}/nothing`)).status, 404);
});

test('a failure is answered with an id that the log knows too, and no secret is in either', async () => {
  const answers: [unknown, RegExp][] = [
    [new OutsideError('redis', 'get', TOKEN, { class: 'retry', why: 'timeout' }), /redis does not answer/],
    [new Error(`boom ${TOKEN}`), /something went wrong inside Muster/],
  ];
  for (const [error, words] of answers) {
    const failing = await startBot({ handle: () => Promise.reject(error) });
    await send(failing, commandBody(failing, 'status'));
    const answer = JSON.stringify(await failing.answer());
    match(answer, words);
    const id = /logs: `([0-9a-f]{8})`/.exec(answer)?.[1];
    ok(id !== undefined && failing.logged.some((line) => line.includes(id)));
    doesNotMatch(answer, /secret/);
    await failing.stop();
  }
});

test('while Slack is down commands are still acknowledged, and stopping waits for answers under way', async () => {
  const finish: ((answer: Answer) => void)[] = [];
  const slow = await startBot({ handle: () => new Promise((resolve) => finish.push(resolve)) });
  slow.peer.answers.set('users.info', () => ({ status: 503 }));
  equal((await send(slow, commandBody(slow, 'status'))).status, 200);
  const body = commandBody(slow, 'status', { response_url: 'http://127.0.0.1:9/gone/secret' });
  equal((await send(slow, body)).status, 200);
  await until('both are heard', () => finish.length === 2);
  const stopped = slow.slack.stop();
  for (const each of finish)
    each({ visibility: 'caller', message: { summary: 'done', tone: 'info', parts: [] } });
  await stopped;
  equal(slow.peer.responses[0]?.text, 'done');
  doesNotMatch(slow.logged.join('\n'), /gone/);
  await slow.peer.close();
});

test('a memory that does not answer holds up no acknowledgement, nor a command that only reads', async () => {
  const slow = await startBot({ once: () => new Promise(() => {}) });
  const body = commandBody(slow, 'status');
  const headers = signature(body);
  equal((await send(slow, body, headers)).status, 200);
  match(String((await slow.answer()).text), /face-match/);
  equal((await send(slow, body, headers)).headers.get('x-muster-duplicate'), '1', 'its own memory holds');
  equal(slow.peer.responses.length, 1);
  await slow.stop();
});

test('when the shared memory of replays fails, reading goes on and a changing button does not act', async () => {
  const lost = await startBot({ once: () => Promise.reject(new Error('no redis')) });
  await send(lost, commandBody(lost, 'status'));
  match(String((await lost.answer()).text), /face-match/);
  const body = commandBody(lost, 'status');
  const headers = signature(body);
  await send(lost, body, headers);
  equal((await send(lost, body, headers)).headers.get('x-muster-duplicate'), '1');
  await lost.answer(2);
  await send(lost, clickBody(lost, value('freeze for 1h because x')));
  match(String((await lost.answer(3)).text), /nothing was done/);
  await lost.stop();
});
