import { deepEqual, equal } from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createDeadLetters } from '../../../src/adapters/rabbitmq/dead-letters.js';
import { outsideError } from '../../support/outside.js';

/** The three calls of the management API that are used, over two lists. */
let dead: string[] = [];
let work: string[] = [];
let routed = true;
let server: Server;
let url = '';
const source = { kind: 'rabbitmq' as const, vhost: '/', queue: 'ocr', deadLetterQueue: 'ocr.dead' };

before(async () => {
  server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = parts.length === 0 ? {} : JSON.parse(Buffer.concat(parts).toString('utf8'));
    const say = (value: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.url === '/api/queues/%2F/ocr.dead') return say({ messages_ready: dead.length });
    if (request.url === '/api/queues/%2F/ocr.dead/get') {
      const [first] = dead;
      if (body.ackmode === 'ack_requeue_false') dead = dead.slice(1);
      return say(first === undefined ? [] : [{ payload: first, payload_encoding: 'string', properties: [] }]);
    }
    if (request.url === '/api/exchanges/%2F/amq.default/publish' && body.routing_key === 'ocr') {
      if (routed) work.push(body.payload);
      return say({ routed });
    }
    return response.writeHead(404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

const letters = () => createDeadLetters({ url, user: 'u', password: 'p', timeoutMs: 60_000 });

test('dead letters are counted and moved, no more than asked for', async () => {
  [dead, work, routed] = [['a', 'b', 'c'], [], true];
  equal(await letters().count(source), 3);
  equal(await letters().requeue(source, 2), 2);
  deepEqual([dead, work], [['c'], ['a', 'b']]);
  equal(await letters().requeue(source, 5), 1);
  deepEqual([dead, work], [[], ['a', 'b', 'c']]);
});

test('a message that no queue takes stays where it is', async () => {
  [dead, work, routed] = [['a'], [], false];
  equal((await outsideError(letters().requeue(source, 1))).class, 'human');
  deepEqual([dead, work], [['a'], []]);
});

test('a source without a dead-letter queue has none', async () => {
  equal(await letters().count({ kind: 'rabbitmq', vhost: '/', queue: 'ocr' }), null);
});
