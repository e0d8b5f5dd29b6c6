import { deepEqual, doesNotMatch, equal } from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createHeartbeat } from '../../../src/adapters/http/heartbeat.js';
import { outsideError } from '../../support/outside.js';

let status = 200;
let beats = 0;
const service = createServer((_request, response) => {
  beats += 1;
  if (status === 0) return;
  response.writeHead(status);
  response.end('ok');
});
let url = '';

before(async () => {
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/ping/private-id`;
});
after(async () => {
  service.closeAllConnections();
  await new Promise((resolve) => service.close(resolve));
});

test('one beat is one request', async () => {
  status = 200;
  beats = 0;
  await createHeartbeat(url, 1_000).beat();
  equal(beats, 1);
});

test('a beat that did not arrive is told without its address', async () => {
  status = 503;
  const failed = await outsideError(createHeartbeat(url, 1_000).beat());
  deepEqual([failed.peer, failed.class, failed.status], ['heartbeat', 'retry', 503]);
  doesNotMatch(failed.message, /private-id/);
  status = 0;
  equal((await outsideError(createHeartbeat(url, 100).beat())).why, 'timeout');
});
