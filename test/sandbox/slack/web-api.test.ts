import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebClient } from '@slack/web-api';
import { groups, people, rooms } from '../../../src/sandbox/slack/directory.js';
import { createWorkspace } from '../../../src/sandbox/slack/workspace.js';
import { aBench, type Bench, refusal } from './bench.js';

let bench: Bench;
before(async () => {
  bench = await aBench();
});
after(() => bench.close());

/** Every test starts in its own minute, so that one does not use up the pace of the next. */
function nextMinute(): void {
  bench.clock.set(bench.clock.now() + 60_000);
}

test('a post carries metadata that history gives back, and is recorded with its decision', async () => {
  nextMinute();
  const metadata = { event_type: 'muster', event_payload: { decisionId: 'd-1', seq: 1 } };
  const posted = await bench.client.chat.postMessage({ channel: 'ml-ops', text: 'planned', metadata });
  const history = await bench.client.conversations.history({
    channel: 'C0MLOPS',
    include_all_metadata: true,
    limit: 1,
  });
  assert.equal(history.messages?.[0]?.ts, posted.ts);
  assert.deepEqual(history.messages?.[0]?.metadata, metadata);
  const without = await bench.client.conversations.history({ channel: 'C0MLOPS', limit: 1 });
  assert.equal(without.messages?.[0]?.metadata, undefined);
  assert.deepEqual(bench.calls.at(-1), {
    at: bench.clock.now(),
    target: 'slack',
    method: 'POST',
    path: '/api/chat.postMessage',
    decisionId: 'd-1',
    status: 200,
  });
});

test('timestamps are unique and ordered even when the Muster clock stands still', async () => {
  nextMinute();
  const posted = [];
  for (let i = 0; i < 4; i += 1)
    posted.push((await bench.client.chat.postMessage({ channel: 'ml-alerts', text: `${i}` })).ts!);
  assert.deepEqual([...new Set(posted)].sort(), posted);
  assert.equal(Math.floor(Number(posted[0])), Math.floor(bench.clock.now() / 1000));
});

test('a channel takes a short burst, then one message a second of the Muster clock', async () => {
  nextMinute();
  const answers = [];
  for (let i = 0; i < 7; i += 1)
    answers.push(await refusal(bench.client.chat.postMessage({ channel: 'ml-ops', text: `${i}` })));
  assert.deepEqual(answers, [...Array(5).fill('accepted'), 'ratelimited', 'ratelimited']);
  assert.equal(await refusal(bench.client.chat.postMessage({ channel: 'ml-alerts', text: 'x' })), 'accepted');
  bench.clock.set(bench.clock.now() + 1000);
  assert.equal(await refusal(bench.client.chat.postMessage({ channel: 'ml-ops', text: 'x' })), 'accepted');
  assert.equal(await refusal(bench.client.chat.postMessage({ channel: 'ml-ops', text: 'x' })), 'ratelimited');
});

test('each mistake has the error code that Slack gives it', async () => {
  nextMinute();
  const { client } = bench;
  const post = (args: object): Promise<string> =>
    refusal(client.apiCall('chat.postMessage', { channel: 'ml-ops', ...args }));
  assert.equal(await post({ channel: 'nowhere', text: 'x' }), 'channel_not_found');
  nextMinute();
  assert.equal(await post({ channel: 'general', text: 'x' }), 'not_in_channel');
  assert.equal(await post({}), 'no_text');
  assert.equal(await post({ text: 'x'.repeat(40_001) }), 'msg_too_long');
  assert.equal(await post({ text: 'x', thread_ts: '1.000001' }), 'thread_not_found');
  assert.equal(await post({ text: 'x', metadata: { event_type: 'x' } }), 'invalid_metadata_schema');
  nextMinute();
  const section = (length: number): object => ({
    type: 'section',
    text: { type: 'mrkdwn', text: 'x'.repeat(length) },
  });
  assert.equal(await post({ text: 'x', blocks: [section(3001)] }), 'invalid_blocks');
  assert.equal(await post({ text: 'x', blocks: Array(51).fill({ type: 'divider' }) }), 'invalid_blocks');
  assert.equal(await post({ text: 'x', blocks: Array(5).fill(section(2900)) }), 'msg_blocks_too_long');
  assert.equal(await post({ text: 'x', blocks: [{ type: 'nonsense' }] }), 'invalid_blocks');
  assert.equal(
    await refusal(client.chat.update({ channel: 'ml-ops', ts: '1.1', text: 'x' })),
    'message_not_found',
  );
  assert.equal(await refusal(client.users.info({ user: 'U404' })), 'user_not_found');
  assert.equal(await refusal(client.apiCall('chat.shout')), 'unknown_method');
  assert.equal(
    await refusal(
      client.views.open({
        trigger_id: '1.2.3',
        view: { type: 'modal', title: { type: 'plain_text', text: 'T' }, blocks: [] },
      }),
    ),
    'invalid_trigger_id',
  );
  const stranger = new WebClient('xoxb-wrong', {
    slackApiUrl: bench.slack.apiUrl,
    retryConfig: { retries: 0 },
  });
  assert.equal(await refusal(stranger.auth.test()), 'invalid_auth');
});

test('an update changes the message in place, in its thread and in the state', async () => {
  nextMinute();
  const { client } = bench;
  const { ts } = await client.chat.postMessage({ channel: 'ml-alerts', text: 'late' });
  await client.chat.postMessage({ channel: 'ml-alerts', text: 'numbers', thread_ts: ts! });
  await client.chat.update({ channel: 'C0MLALERTS', ts: ts!, text: 'good again' });
  const room = bench.slack.channels().find((channel) => channel.name === 'ml-alerts');
  const message = room?.messages.find((each) => each.ts === ts);
  assert.equal(message?.text, 'good again');
  assert.deepEqual(
    message?.thread.map((reply) => reply.text),
    ['numbers'],
  );
  const replies = await client.conversations.replies({ channel: 'C0MLALERTS', ts: ts! });
  assert.equal(replies.messages?.length, 2);
});

test('an ephemeral message is in nobody else’s channel and in no history', async () => {
  nextMinute();
  const { client } = bench;
  await client.chat.postEphemeral({ channel: 'ml-ops', user: 'U0ASHA', text: 'psst' });
  const history = await client.conversations.history({ channel: 'C0MLOPS', limit: 50 });
  assert.ok(history.messages?.every((message) => message.text !== 'psst'));
  assert.ok(bench.slack.channels()[0]?.messages.every((message) => message.text !== 'psst'));
});

test('faults look like an outage: cut, refused by status, limited with Retry-After', async () => {
  nextMinute();
  const until = bench.clock.now() + 60_000;
  bench.fault({ id: 'f', target: 'slack', kind: 'ratelimit', until });
  const limited = await fetch(`${bench.slack.apiUrl}chat.postMessage`, {
    method: 'POST',
    headers: { authorization: 'Bearer xoxb-sandbox', 'content-type': 'application/json' },
    body: JSON.stringify({ channel: 'ml-ops', text: 'x' }),
  });
  assert.equal(limited.status, 429);
  assert.equal(limited.headers.get('retry-after'), '3');
  bench.fault({ id: 'f', target: 'slack', kind: 'error', until });
  const broken = await fetch(`${bench.slack.apiUrl}auth.test`, { method: 'POST' });
  assert.equal(broken.status, 500);
  bench.fault({ id: 'f', target: 'slack', kind: 'down', until });
  await assert.rejects(fetch(`${bench.slack.apiUrl}auth.test`, { method: 'POST' }));
  bench.fault(null);
});

test('a file goes up in three steps and hangs in the channel as a picture', async () => {
  nextMinute();
  await bench.client.filesUploadV2({
    channel_id: 'C0MLOPS',
    filename: 'chart.png',
    file: Buffer.from('89504e470d0a1a0a00', 'hex'),
    title: 'Demand today',
    alt_text: 'Demand rises to noon',
  });
  const last = bench.slack.channels()[0]!.messages.at(-1);
  assert.equal(last?.blocks[0]?.type, 'image');
  assert.equal(last?.blocks[0]?.alt_text, 'Demand rises to noon');
});

test('messages survive a restart, and new ones come after them', async () => {
  nextMinute();
  const { ts } = await bench.client.chat.postMessage({ channel: 'ml-ops', text: 'kept' });
  const again = createWorkspace({ clock: bench.clock, users: people, groups, channels: rooms });
  again.restore(JSON.parse(JSON.stringify(bench.slack.save())));
  assert.equal(again.message('C0MLOPS', ts!)?.text, 'kept');
  const next = again.post({ channel: 'C0MLOPS', user: 'U0ASHA', text: 'new', blocks: [] });
  assert.ok(next.ts > ts!);
});

test('what single people saw never pushes out what everybody reads', () => {
  const workspace = createWorkspace({ clock: bench.clock, users: people, groups, channels: rooms });
  const { ts } = workspace.post({ channel: 'C0MLOPS', user: 'U0ASHA', text: 'for all', blocks: [] });
  for (let i = 0; i < 1500; i += 1)
    workspace.post({ channel: 'C0MLOPS', user: 'U0ASHA', text: `${i}`, blocks: [], onlyFor: 'U0ASHA' });
  assert.equal(workspace.message('C0MLOPS', ts)?.text, 'for all');
  assert.equal(workspace.messages('C0MLOPS').length, 201);
});

test('a channel keeps its last 1,000 messages', () => {
  const workspace = createWorkspace({ clock: bench.clock, users: people, groups, channels: rooms });
  for (let i = 0; i < 1100; i += 1)
    workspace.post({ channel: 'C0MLOPS', user: 'U0ASHA', text: `${i}`, blocks: [] });
  assert.equal(workspace.messages('C0MLOPS').length, 1000);
  assert.equal(workspace.messages('C0MLOPS')[0]?.text, '100');
});
