import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Connection, type Publisher } from 'rabbitmq-client';
import { createRabbitmqDemand } from '../../../src/adapters/rabbitmq/demand.js';
import type { DemandReader, DemandSeen } from '../../../src/ports.js';
import { outsideError } from '../../support/outside.js';
import { hasRabbitmq, startRabbitmq, type TestRabbitmq } from '../../support/rabbitmq.js';

/** Against Debian's RabbitMQ: its statistics move every five seconds, so these few tests wait for them together. */
const missing = hasRabbitmq() ? false : 'rabbitmq-server is not installed';
const BUSY = 'busy queue';
const IDLE = 'idle';
const RATE = 20;

describe('demand from a real RabbitMQ', { skip: missing }, () => {
  let rabbitmq: TestRabbitmq;
  let connection: Connection;
  let publisher: Publisher;
  let reader: DemandReader;
  let publishing: NodeJS.Timeout;
  let published = 0;
  let since = 0;
  const elapsedSeconds = (): number => (Date.now() - since) / 1_000;
  const demand = (queue: string): Promise<DemandSeen> =>
    reader.demand({ kind: 'rabbitmq', vhost: '/', queue });

  before(async () => {
    rabbitmq = await startRabbitmq();
    connection = new Connection(rabbitmq.amqpUrl);
    reader = createRabbitmqDemand({
      url: rabbitmq.managementUrl,
      user: rabbitmq.user,
      password: rabbitmq.password,
      timeoutMs: 60_000,
    });
    publisher = connection.createPublisher({ confirm: true });
  });
  after(async () => {
    clearInterval(publishing);
    await publisher?.close();
    await connection?.close();
    await rabbitmq?.stop();
  });

  test('a queue is unknown for its first seconds, not empty, while messages flow into it', async () => {
    await connection.queueDeclare({ queue: BUSY, durable: true });
    const first = await demand(BUSY);
    deepEqual([first.requestsPerSecond, first.backlog, first.consumers], [null, null, null]);

    since = Date.now();
    publishing = setInterval(() => {
      const timestamp = Math.floor(Date.now() / 1_000);
      publisher.send({ routingKey: BUSY, durable: true, timestamp }, 'work').then(
        () => {
          published += 1;
        },
        () => {},
      );
    }, 1_000 / RATE);
    // Whatever is told on the way is unknown or some: never the zero that RabbitMQ itself shows.
    const told = await until(BUSY, ({ requestsPerSecond }) => requestsPerSecond !== null);
    for (const { requestsPerSecond } of told) {
      ok(requestsPerSecond === null || requestsPerSecond > 0, `told ${requestsPerSecond} a second`);
    }
  });

  test('then the rate, the backlog and its age are there, and near the truth', async () => {
    const told = await until(BUSY, ({ backlog }) => (backlog ?? 0) > 5 * RATE);
    const seen = told.at(-1);
    // A machine that is busy publishes less than it means to.
    near(seen?.requestsPerSecond, published / elapsedSeconds(), 0.5);
    equal(seen?.consumers, 0);
    const age = seen?.oldestAgeSeconds ?? 0;
    ok(age > 0 && age < elapsedSeconds() + 2, `${age} s`);
    ok(Math.abs((seen?.at ?? 0) - Date.now()) < 120_000);
  });

  test('consumers are counted, and what they hold is no backlog', async () => {
    clearInterval(publishing);
    const channel = await connection.acquire();
    try {
      await channel.basicQos({ prefetchCount: 30 });
      await channel.basicConsume({ queue: BUSY }, () => {});
      await until(BUSY, ({ consumers, backlog }) => consumers === 1 && backlog === published - 30);
    } finally {
      await channel.close();
    }
  });

  test('a queue that nobody uses stays unknown until it was idle for a minute', async () => {
    await connection.queueDeclare({ queue: IDLE, durable: true });
    const told = await until(IDLE, ({ backlog }) => backlog !== null);
    const { requestsPerSecond, backlog, oldestAgeSeconds } = told.at(-1)!;
    deepEqual([requestsPerSecond, backlog, oldestAgeSeconds], [null, 0, 0]);
  });

  test('a queue that is not there and a wrong password are for a person to look at', async () => {
    deepEqual((await outsideError(demand('nope'))).why, 'no-data');
    const stranger = createRabbitmqDemand({
      url: rabbitmq.managementUrl,
      user: 'guest',
      password: 'wrong-password',
      timeoutMs: 60_000,
    });
    const error = await outsideError(stranger.demand({ kind: 'rabbitmq', vhost: '/', queue: BUSY }));
    deepEqual([error.class, error.why], ['human', 'refused']);
  });

  /** What was told, oldest first, the last one being as wanted; fails when that never comes. */
  async function until(queue: string, wanted: (seen: DemandSeen) => boolean): Promise<DemandSeen[]> {
    const told: DemandSeen[] = [];
    const deadline = Date.now() + 180_000;
    while (Date.now() < deadline) {
      const seen = await demand(queue);
      told.push(seen);
      if (wanted(seen)) return told;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new Error(`never told; the last was ${JSON.stringify(told.at(-1))}`);
  }
});

function near(actual: number | null | undefined, expected: number, share: number): void {
  const isNear = typeof actual === 'number' && Math.abs(actual - expected) <= expected * share;
  ok(isNear, `${actual} is not within ${share * 100} % of ${expected}`);
}
