import { deepEqual, equal } from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { createDeadLetters } from '../../../src/adapters/rabbitmq/dead-letters.js';
import type { StandIn } from '../../../src/sandbox/context.js';
import { createRabbitmqStandIn } from '../../../src/sandbox/rabbitmq/stand-in.js';
import { aContext } from '../../support/stand-in-context.js';
import { aQueue, aTraffic } from '../../support/traffic.js';

/** The wire, as Debian's RabbitMQ 3.10 answers on it. */
const NOW = Date.UTC(2026, 0, 5, 3, 0, 2);
const context = aContext(NOW);
const traffic = aTraffic({ ocr: aQueue(NOW, 20, { ready: 5, unacked: 2, headAt: NOW - 3_500 }) });
let standIn: StandIn;

before(async () => {
  standIn = await createRabbitmqStandIn({ context, view: traffic, user: 'u', password: 'p' });
});
after(() => standIn.close());
beforeEach(() => context.set('rabbitmq', null));

const get = (path: string, method = 'GET', password = 'p') =>
  fetch(`${standIn.url}${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(`u:${password}`).toString('base64')}` },
  });

test('a queue has its counts, and its counter on a grid of whole steps, newest first', async () => {
  const answer = await get('/api/queues/%2F/ocr?msg_rates_age=60&msg_rates_incr=5');
  equal(answer.headers.get('date'), 'Mon, 05 Jan 2026 03:00:02 GMT');
  const queue = (await answer.json()) as {
    messages: number;
    messages_ready: number;
    messages_unacknowledged: number;
    head_message_timestamp: number;
    message_stats: {
      publish_details: { rate: number; samples: { sample: number; timestamp: number }[] };
    };
  };
  deepEqual([queue.messages, queue.messages_ready, queue.messages_unacknowledged], [7, 5, 2]);
  equal(queue.head_message_timestamp, Math.floor((NOW - 3_500) / 1_000));
  const { samples, rate } = queue.message_stats.publish_details;
  equal(rate, 20);
  equal(samples.length, 13);
  equal(samples[0]?.timestamp, NOW - 2_000);
  equal((samples[0]?.sample ?? 0) - (samples[12]?.sample ?? 0), 1_200);
});

test('without a window there are no samples', async () => {
  const queue = (await (await get('/api/queues/%2F/ocr')).json()) as {
    message_stats: { publish_details: object };
  };
  deepEqual(queue.message_stats.publish_details, { rate: 20 });
});

test('columns are picked by their paths, and none of them there is an empty list', async () => {
  const path = '/api/queues/%2F/ocr?columns=messages_ready,message_stats.publish';
  deepEqual(await (await get(path)).json(), { messages_ready: 5, message_stats: { publish: 16_000 } });
  context.set('rabbitmq', 'nostats');
  deepEqual(await (await get(path)).json(), []);
});

test('strangers, unknown queues and writers are turned away in its words', async () => {
  const denied = await get('/api/queues/%2F/ocr', 'GET', 'wrong');
  deepEqual([denied.status, await denied.json()], [401, { error: 'not_authorized', reason: 'Login failed' }]);
  const missing = await get('/api/queues/%2F/nope');
  deepEqual(
    [missing.status, await missing.json()],
    [404, { error: 'Object Not Found', reason: 'Not Found' }],
  );
  equal((await get('/api/queues/other/ocr')).status, 404);
  equal((await get('/api/queues/%2F/ocr', 'DELETE')).status, 405);
});

test('dead letters are counted and go back one by one, through the bot’s own adapter, and outlive a restart', async () => {
  const source = { kind: 'rabbitmq' as const, vhost: '/', queue: 'ocr', deadLetterQueue: 'ocr.dead' };
  const returned: string[] = [];
  const about = { context, view: traffic, user: 'u', password: 'p' };
  const first = await createRabbitmqStandIn({ ...about, returned: (queue) => returned.push(queue) });
  const letters = createDeadLetters({ url: first.url, user: 'u', password: 'p', timeoutMs: 60_000 });
  equal(await letters.count(source), 0);
  first.deadLetter('ocr', 3);
  first.deadLetter('nope', 3);
  equal(await letters.count(source), 3);
  equal(await letters.requeue(source, 2), 2);
  deepEqual([returned, first.deadLetters('ocr')], [['ocr', 'ocr'], 1]);
  await first.close();
  const second = await createRabbitmqStandIn({ ...about, restore: JSON.parse(JSON.stringify(first.save())) });
  equal(second.deadLetters('ocr'), 1);
  await second.close();
});

test('a gap of the trace is a time without statistics: its queue is there, and says no number', async () => {
  const gap = aTraffic({ ocr: aQueue(NOW, 20, { ready: 5, publishRate: null }) });
  const silent = await createRabbitmqStandIn({ context, view: gap, user: 'u', password: 'p' });
  const answer = await fetch(`${silent.url}/api/queues/%2F/ocr?msg_rates_age=60&msg_rates_incr=5`, {
    headers: { authorization: `Basic ${Buffer.from('u:p').toString('base64')}` },
  });
  const queue = (await answer.json()) as Record<string, unknown>;
  equal(answer.status, 200);
  equal(queue.name, 'ocr');
  deepEqual(
    ['messages', 'messages_ready', 'message_stats', 'consumers'].filter((key) => key in queue),
    [],
  );
  await silent.close();
});
