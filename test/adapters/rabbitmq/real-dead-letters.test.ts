import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type AsyncMessage, Connection, ConsumerStatus } from 'rabbitmq-client';
import { createDeadLetters } from '../../../src/adapters/rabbitmq/dead-letters.js';
import type { DeadLetters } from '../../../src/ports.js';
import { outsideError } from '../../support/outside.js';
import { hasRabbitmq, startRabbitmq, type TestRabbitmq } from '../../support/rabbitmq.js';
import { until } from '../../support/redis.js';

/** Against Debian's RabbitMQ: messages that a worker rejects, dead-lettered by the broker itself, and moved back. */
const missing = hasRabbitmq() ? false : 'rabbitmq-server is not installed';
const QUEUE = 'ocr';
const DEAD = 'ocr.dead';
const LETTERS = 5;

describe('dead letters of a real RabbitMQ', { skip: missing }, () => {
  let rabbitmq: TestRabbitmq;
  let connection: Connection;
  let letters: DeadLetters;
  const source = { kind: 'rabbitmq' as const, vhost: '/', queue: QUEUE, deadLetterQueue: DEAD };

  /** Takes what comes and gives each the same verdict, until `count` have come. */
  async function work(count: number, verdict: ConsumerStatus): Promise<AsyncMessage[]> {
    const taken: AsyncMessage[] = [];
    const options = { queue: QUEUE, queueOptions: { passive: true }, qos: { prefetchCount: 1 } };
    const consumer = connection.createConsumer(options, (message) => {
      taken.push(message);
      return verdict;
    });
    await until(`${count} messages`, () => taken.length >= count);
    await consumer.close();
    return taken;
  }

  before(async () => {
    rabbitmq = await startRabbitmq();
    const { managementUrl: url, user, password } = rabbitmq;
    connection = new Connection(rabbitmq.amqpUrl);
    letters = createDeadLetters({ url, user, password, timeoutMs: 60_000 });
    await connection.queueDeclare({ queue: DEAD, durable: true });
    await connection.queueDeclare({
      queue: QUEUE,
      durable: true,
      arguments: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': DEAD },
    });
    const publisher = connection.createPublisher({ confirm: true });
    for (let n = 1; n <= LETTERS; n += 1) {
      const about = { messageId: `m-${n}`, correlationId: `c-${n}`, headers: { tenant: 'a' }, durable: true };
      // The last is no text: it must come back byte by byte.
      const body = n === LETTERS ? Buffer.from([0, 255, 128, 10]) : { check: n };
      await publisher.send({ routingKey: QUEUE, ...about }, body);
    }
    await publisher.close();
    await work(LETTERS, ConsumerStatus.DROP);
  });
  after(async () => {
    await connection?.close();
    await rabbitmq?.stop();
  });

  test('are counted as soon as its statistics know of them', async () => {
    await until('the statistics', async () => (await letters.count(source)) === LETTERS);
  });

  test('go back no more than asked for, oldest first, as they were', async () => {
    equal(await letters.requeue(source, 2), 2);
    const back = await work(2, ConsumerStatus.ACK);
    deepEqual(
      back.map(({ body, messageId, correlationId, headers, durable }) => ({
        ...{ body, messageId, correlationId, durable },
        tenant: headers?.tenant,
      })),
      [1, 2].map((n) => ({
        body: { check: n },
        ...{ messageId: `m-${n}`, correlationId: `c-${n}`, durable: true },
        tenant: 'a',
      })),
    );
  });

  test('all of them go back, whatever their bytes, and then there are none', async () => {
    equal(await letters.requeue(source, 100), LETTERS - 2);
    const back = await work(LETTERS - 2, ConsumerStatus.ACK);
    const last = back.find(({ messageId }) => messageId === `m-${LETTERS}`)!;
    ok(Buffer.isBuffer(last.body));
    deepEqual([...last.body], [0, 255, 128, 10]);
    equal(await letters.requeue(source, 100), 0);
  });

  test('one that is rejected again lies there again, and is not lost', async () => {
    const publisher = connection.createPublisher({ confirm: true });
    await publisher.send({ routingKey: QUEUE, messageId: 'poison', durable: true }, 'poison');
    await publisher.close();
    await work(1, ConsumerStatus.DROP);
    for (let times = 0; times < 2; times += 1) {
      await until('it is there', async () => (await letters.requeue(source, 1)) === 1);
      const [back] = await work(1, ConsumerStatus.DROP);
      equal(back?.messageId, 'poison');
    }
  });

  test('a queue that is not there is for a person to look at', async () => {
    equal((await outsideError(letters.count({ ...source, deadLetterQueue: 'none' }))).class, 'human');
  });
});
