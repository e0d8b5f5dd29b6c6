import { deepEqual, doesNotMatch, equal } from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { createRabbitmqDemand, demandOf } from '../../../src/adapters/rabbitmq/demand.js';
import type { DemandReader } from '../../../src/ports.js';
import type { StandIn } from '../../../src/sandbox/context.js';
import { createRabbitmqStandIn } from '../../../src/sandbox/rabbitmq/stand-in.js';
import { outsideError } from '../../support/outside.js';
import { aContext } from '../../support/stand-in-context.js';
import { aQueue, aTraffic } from '../../support/traffic.js';

const NOW = Date.UTC(2026, 0, 5, 3, 0, 0);
const source = { kind: 'rabbitmq', vhost: '/', queue: 'ocr' } as const;
const context = aContext(NOW);
const traffic = aTraffic({});
let standIn: StandIn;
let reader: DemandReader;

before(async () => {
  standIn = await createRabbitmqStandIn({ context, view: traffic, user: 'muster', password: 'pass-word-1' });
  reader = readerOf('pass-word-1');
});
after(() => standIn.close());
beforeEach(() => {
  context.now = NOW;
  context.set('rabbitmq', null);
  traffic.queues = { ocr: aQueue(NOW, 20) };
});

function readerOf(password: string, url = standIn.url, timeoutMs = 60_000): DemandReader {
  return createRabbitmqDemand({ url, user: 'muster', password, timeoutMs });
}

test('reads the rate of the last minute, the backlog and the consumers, and when they were true', async () => {
  traffic.queues = { ocr: aQueue(NOW, 20, { ready: 37, unacked: 4, headAt: NOW - 2_000 }) };
  deepEqual(await reader.demand(source), {
    at: NOW,
    requestsPerSecond: 20,
    backlog: 37,
    oldestAgeSeconds: 2,
    consumers: 4,
  });
});

test('messages that a worker holds are no backlog', async () => {
  traffic.queues = { ocr: aQueue(NOW, 20, { ready: 0, unacked: 9 }) };
  const { backlog, oldestAgeSeconds } = await reader.demand(source);
  deepEqual({ backlog, oldestAgeSeconds }, { backlog: 0, oldestAgeSeconds: 0 });
});

test('the age of a backlog without timestamps is unknown', async () => {
  traffic.queues = { ocr: aQueue(NOW, 20, { ready: 12 }) };
  equal((await reader.demand(source)).oldestAgeSeconds, null);
});

test('a queue without statistics is unknown, not empty', async () => {
  context.set('rabbitmq', 'nostats');
  const { requestsPerSecond, backlog, oldestAgeSeconds, consumers } = await reader.demand(source);
  deepEqual([requestsPerSecond, backlog, oldestAgeSeconds, consumers], [null, null, null, null]);
});

test('statistics that stand still keep the time they are from', async () => {
  await reader.demand(source);
  context.set('rabbitmq', 'stale');
  context.now = NOW + 600_000;
  traffic.queues = { ocr: aQueue(context.now, 90, { ready: 500 }) };
  const seen = await reader.demand(source);
  deepEqual([seen.at, seen.requestsPerSecond, seen.backlog], [NOW, 20, 0]);
  context.set('rabbitmq', null);
  equal((await reader.demand(source)).requestsPerSecond, 90);
});

test('a queue that was never used is idle only when RabbitMQ says so for a whole minute', async () => {
  const idle = {
    publishRate: 0,
    samples: [{ at: NOW - 59_000, published: 0 }],
    ready: 0,
    unacked: 0,
    consumers: 2,
    headAt: null,
  };
  traffic.queues = { ocr: idle };
  equal((await reader.demand(source)).requestsPerSecond, null);
  context.now = NOW + 2_000;
  equal((await reader.demand(source)).requestsPerSecond, 0);
});

test('a counter that stopped long ago is a rate of zero', async () => {
  const stopped = aQueue(NOW, 0);
  traffic.queues = { ocr: stopped };
  equal((await reader.demand(source)).requestsPerSecond, 0);
});

test('minutes that the statistics filled up with zeros are left out of the rate', () => {
  const step = (index: number, sample: number) => ({ sample, timestamp: NOW - index * 5_000 });
  const young = [step(0, 290), step(1, 190), step(2, 90), step(3, 0), step(4, 0), step(12, 0)];
  const seen = demandOf({ message_stats: { publish_details: { samples: young } } }, NOW);
  equal(seen.requestsPerSecond, 290 / 15);
});

test('one step of statistics is too short for a rate', () => {
  const samples = [
    { sample: 90, timestamp: NOW },
    { sample: 0, timestamp: NOW - 5_000 },
  ];
  equal(demandOf({ message_stats: { publish_details: { samples } } }, NOW).requestsPerSecond, null);
});

test('a counter of zero is where statistics begin, even while messages flow', () => {
  const samples = [0, 1, 2].map((index) => ({ sample: 0, timestamp: NOW - index * 5_000 }));
  const seen = demandOf(
    {
      message_stats: { publish_details: { samples } },
      messages_ready: 0,
      messages_unacknowledged: 0,
      consumers: 0,
    },
    NOW,
  );
  equal(seen.requestsPerSecond, null);
});

test('a counter that began again does not make a negative rate', () => {
  const counts = [60, 40, 20, 9_000, 8_900];
  const samples = counts.map((sample, index) => ({ sample, timestamp: NOW - index * 5_000 }));
  equal(demandOf({ message_stats: { publish_details: { samples } } }, NOW).requestsPerSecond, 4);
});

test('says what is wrong, and whether asking again can help', async () => {
  const missing = await outsideError(reader.demand({ ...source, queue: 'nope' }));
  deepEqual(
    [missing.peer, missing.class, missing.why, missing.status],
    ['rabbitmq', 'human', 'no-data', 404],
  );

  const denied = await outsideError(readerOf('wrong-password').demand(source));
  deepEqual([denied.class, denied.why], ['human', 'refused']);
  doesNotMatch(`${denied.message}${denied.stack}${JSON.stringify(denied)}`, /wrong-password/);

  context.set('rabbitmq', 'error');
  const failed = await outsideError(reader.demand(source));
  deepEqual([failed.class, failed.why, failed.status], ['retry', 'error', 500]);

  context.set('rabbitmq', 'down');
  const down = await outsideError(reader.demand(source));
  deepEqual([down.class, down.why], ['retry', 'unreachable']);
  equal(down.cause, undefined);
});

test('a peer that hangs is given up at the deadline', async () => {
  context.set('rabbitmq', 'slow');
  const error = await outsideError(readerOf('pass-word-1', standIn.url, 150).demand(source));
  deepEqual([error.class, error.why], ['retry', 'timeout']);
});

test('a peer that drips its answer is given up at the deadline, too', async () => {
  const dripping = createServer((_request, response) => {
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => dripping.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(dripping.address() as AddressInfo).port}`;
  const error = await outsideError(readerOf('pass-word-1', url, 200).demand(source));
  equal(error.why, 'timeout');
  await new Promise((resolve) => {
    dripping.close(resolve);
    dripping.closeAllConnections();
  });
});

test('something else behind the address is named as such', async () => {
  const other = createServer((_request, response) => response.end('<html>Welcome</html>'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const error = await outsideError(readerOf('pass-word-1', url).demand(source));
  deepEqual([error.class, error.why], ['human', 'error']);
  await new Promise((resolve) => {
    other.close(resolve);
    other.closeAllConnections();
  });
});
