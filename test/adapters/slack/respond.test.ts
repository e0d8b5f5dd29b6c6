import { deepEqual, equal } from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { createRespond } from '../../../src/adapters/slack/respond.js';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const server = createServer((request, response) => {
  request.resume();
  const { status, headers = {} } = given.shift() ?? { status: 200 };
  taken += 1;
  response.writeHead(status, headers).end();
});
let given: { status: number; headers?: Record<string, string> }[] = [];
let taken = 0;
let url = '';

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/r`;
});
beforeEach(() => {
  given = [];
  taken = 0;
});
after(() => server.close());

/** Whether it arrived, and for how long it waited between its attempts. */
async function answered(to = url): Promise<[boolean, number[]]> {
  const pauses: number[] = [];
  const respond = createRespond(1_000, silent, async (ms) => void pauses.push(ms));
  return [await respond(to, { text: 'done' }), pauses];
}

test('an answer that Slack asks to wait with arrives after that time, and not once more', async () => {
  given = [{ status: 429, headers: { 'retry-after': '3' } }, { status: 429 }];
  deepEqual(await answered(), [true, [3_000, 10_000]]);
  equal(taken, 3);
});

test('nobody is waited for longer than a minute, nor for ever', async () => {
  given = Array.from({ length: 9 }, () => ({ status: 429, headers: { 'retry-after': '3600' } }));
  deepEqual(await answered(), [false, [60_000, 60_000, 60_000]]);
});

test('what never left is tried again for longer than what may have arrived; what is refused is not', async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  deepEqual(await answered(`http://127.0.0.1:${port}/r`), [false, [1_000, 10_000, 60_000]]);
  given = [{ status: 503 }, { status: 503 }];
  deepEqual(await answered(), [false, [1_000]]);
  given = [{ status: 404 }];
  deepEqual(await answered(), [false, []]);
});
