import { deepEqual, doesNotMatch, equal, match, ok, rejects } from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createButtonSigner } from '../../../src/adapters/slack/buttons.js';
import { createChannels } from '../../../src/adapters/slack/channels.js';
import { createChat } from '../../../src/adapters/slack/chat.js';
import { createClient } from '../../../src/adapters/slack/client.js';
import type { OutboxRow } from '../../../src/core/message.js';
import { OutsideError } from '../../../src/errors.js';
import type { Chat, Log } from '../../../src/ports.js';
import { silentLog } from '../../support/redis.js';
import { type Peer, SECRET, startPeer, TOKEN } from './harness.js';

let peer: Peer;
let chat: Chat;

before(async () => {
  peer = await startPeer();
});
beforeEach(() => {
  peer.calls.length = 0;
  chat = chatOn(`${peer.url}/api/`);
});
after(() => peer.close());

function chatOn(apiUrl: string, log: Log = silentLog, timeoutMs = 60_000): Chat {
  const client = createClient({ token: TOKEN, apiUrl, timeoutMs, log });
  return createChat(client, createChannels(client), createButtonSigner(SECRET, 'test'), log);
}

const row = (values: Partial<OutboxRow> = {}): OutboxRow => ({
  v: 1,
  channel: '#ml-ops',
  key: 'decision-d1',
  seq: 3,
  fleet: 'ocr',
  decisionId: 'd1',
  priority: 'decision',
  at: 0,
  message: { summary: 'ocr goes from 2 to 5 workers.', tone: 'info', parts: [] },
  thread: [{ summary: 'How', tone: 'info', parts: [] }],
  ...values,
});

async function failure(work: Promise<unknown>): Promise<OutsideError> {
  try {
    await work;
  } catch (error) {
    ok(error instanceof OutsideError, String(error));
    return error;
  }
  throw new Error('it did not fail');
}

/** One answer of a method, then the usual again. */
async function withAnswer<T>(
  method: string,
  answer: ReturnType<Parameters<Peer['answers']['set']>[1]>,
  work: () => Promise<T>,
): Promise<T> {
  const usual = peer.answers.get(method);
  peer.answers.set(method, () => answer);
  try {
    return await work();
  } finally {
    if (usual === undefined) peer.answers.delete(method);
    else peer.answers.set(method, usual);
  }
}

test('a post goes to the id of the configured name, with what finds it again and no unfurling', async () => {
  deepEqual(await chat.post(row()), { channel: 'C0MLOPS', ts: '1700000000.000100' });
  await chat.post(row({ channel: 'ml-ops' }));
  await chat.post(row({ channel: 'C0DIRECT' }));
  const posts = peer.calls.filter(({ method }) => method === 'chat.postMessage').map(({ body }) => body);
  deepEqual(
    posts.map(({ channel }) => channel),
    ['C0MLOPS', 'C0MLOPS', 'C0DIRECT'],
  );
  equal(peer.calls.filter(({ method }) => method === 'conversations.list').length, 1);
  equal(posts[0]?.text, 'ocr goes from 2 to 5 workers.');
  equal(posts[0]?.unfurl_links, 'false');
  deepEqual(JSON.parse(String(posts[0]?.metadata)), {
    event_type: 'muster_message',
    event_payload: { key: 'decision-d1', seq: 3, fleet: 'ocr', decisionId: 'd1' },
  });
});

test('an update has new block ids, and a reply goes into the thread', async () => {
  const ref = await chat.post(row());
  await chat.update(ref, row({ seq: 4 }));
  await chat.reply(ref, row(), 0);
  const [posted, updated, replied] = peer.calls
    .filter(({ method }) => method.startsWith('chat.'))
    .map(({ body }) => body);
  equal(updated?.ts, ref.ts);
  const ids = [posted, updated].map((body) => JSON.parse(String(body?.blocks))[0].block_id);
  deepEqual(ids, ['decision-d1.top.3-0', 'decision-d1.top.4-0']);
  equal(replied?.thread_ts, ref.ts);
  equal(replied?.text, 'How');
});

test('a message left behind by an unanswered post is found by its key on a later page', async () => {
  const mine = { event_type: 'muster_message', event_payload: { key: 'decision-d1' } };
  const pages = [
    { ok: true, messages: [{ ts: '1.1' }], response_metadata: { next_cursor: 'more' } },
    { ok: true, messages: [{ ts: '2.2', metadata: mine }] },
  ];
  let page = 0;
  peer.answers.set('conversations.history', () => ({ json: pages[page++ % 2] }));
  deepEqual(await chat.find(row()), { channel: 'C0MLOPS', ts: '2.2' });
  equal(peer.calls.at(-1)?.body.include_all_metadata, 'true');
  page = 1;
  equal(await chat.find(row({ key: 'decision-d2' })), null);
  peer.answers.delete('conversations.history');
});

test('a rate limit fails at once with the time to wait, and the client stays free', async () => {
  const limited = { status: 429, headers: { 'retry-after': '30' }, json: { ok: false } };
  const error = await withAnswer('chat.postMessage', limited, () => failure(chat.post(row())));
  equal(error.class, 'wait');
  equal(error.why, 'rate-limited');
  equal(error.retryAfterMs, 30_000);
  await chat.post(row());
});

test("Slack's answers are classed by what helps", async () => {
  const cases: [Record<string, unknown>, string, RegExp][] = [
    [{ json: { ok: false, error: 'not_in_channel' } }, 'human', /invite the bot/],
    [{ json: { ok: false, error: 'invalid_auth' } }, 'human', /SLACK_BOT_TOKEN/],
    [{ json: { ok: false, error: 'internal_error' } }, 'retry', /internal_error/],
    [{ json: { ok: false, error: 'ratelimited' } }, 'wait', /asked to wait/],
    [{ status: 500, json: {} }, 'retry', /HTTP 500/],
    [{ status: 404, json: {} }, 'human', /HTTP 404/],
  ];
  for (const [answer, kind, words] of cases) {
    const error = await withAnswer('chat.postMessage', answer, () => failure(chat.post(row())));
    equal(error.class, kind, error.message);
    match(error.message, words);
  }
  const gone = { json: { ok: false, error: 'message_not_found' } };
  const ref = { channel: 'C0MLOPS', ts: '1.1' };
  const error = await withAnswer('chat.update', gone, () => failure(chat.update(ref, row())));
  equal(error.class, 'refetch');
});

test('a Slack that hangs or is gone fails within its time, and nothing logged holds the token', async () => {
  const logged: string[] = [];
  const keep = (fields: object, message: string): void => {
    logged.push(JSON.stringify(fields) + message);
  };
  const log = { debug: keep, info: keep, warn: keep, error: keep };
  const slow = chatOn(`${peer.url}/api/`, log, 100);
  const error = await withAnswer('chat.postMessage', 'hang', () => failure(slow.post(row())));
  equal(error.why, 'timeout');
  equal((await failure(chatOn('http://127.0.0.1:9/', log).post(row()))).why, 'unreachable');
  doesNotMatch(logged.join('\n'), /secret-token/);
});

test('a channel that is not there is named, with what to do', async () => {
  await rejects(chat.post(row({ channel: '#nowhere' })), /#nowhere.*invite it/);
});

test('a private list that is refused says which right is missing', async () => {
  const refused = { json: { ok: false, error: 'missing_scope' } };
  const error = await withAnswer('conversations.list', refused, () => failure(chat.post(row())));
  equal(error.class, 'human');
  match(error.message, /manifest\.yml/);
});
