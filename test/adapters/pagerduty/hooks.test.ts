import { deepEqual, equal } from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { hookRoute } from '../../../src/adapters/http/hook.js';
import { createPagerdutyHooks } from '../../../src/adapters/pagerduty/hooks.js';

const SECRETS = ['the-old-secret', 'the-new-secret'];
const ACTION_SECRET = 'a-long-random-header';
const nothing = (): void => {};
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

let server: Server;
let base = '';
let queued: { job: string; data: unknown }[] = [];
let names: (string | undefined)[] = [];
let queueIsDown = false;

before(async () => {
  const routes = createPagerdutyHooks({
    webhookSecrets: SECRETS,
    actionSecret: ACTION_SECRET,
    enqueue: async (job, data, more) => {
      if (queueIsDown) throw new Error('no queue');
      queued.push({ job, data });
      names.push(more?.dedupe);
    },
    log,
  }).map((hook) => hookRoute(hook, log));
  server = createServer((request, response) => {
    const route = routes.find(({ path, method }) => path === request.url && method === request.method);
    if (route === undefined) response.writeHead(404).end();
    else route.handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  queued = [];
  names = [];
  queueIsDown = false;
});

const event = (id: string, type = 'incident.acknowledged') =>
  JSON.stringify({
    event: {
      id,
      event_type: type,
      occurred_at: '2026-01-05T12:00:00Z',
      agent: { id: 'PUASHA', type: 'user_reference', summary: 'Asha Rao' },
      data: {
        id: 'Q1',
        incident_key: 'muster/ocr/page',
        title: 'ocr: wrong',
        html_url: 'https://p.example/Q1',
      },
    },
  });
const sign = (secret: string, body: string) =>
  `v1=${createHmac('sha256', secret).update(body).digest('hex')}`;

async function post(path: string, body: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(`${base}${path}`, { method: 'POST', body, headers });
  await response.arrayBuffer();
  return response.status;
}
const webhook = (body: string, signature: string, id = 'w-1') =>
  post('/pagerduty/webhook', body, { 'x-pagerduty-signature': signature, 'x-webhook-id': id });

test('a signed webhook is queued and taken with 202', async () => {
  const body = event('e-1');
  equal(await webhook(body, sign(SECRETS[0]!, body)), 202);
  deepEqual(queued, [
    {
      job: 'pagerduty-event',
      data: {
        v: 1,
        id: 'e-1',
        type: 'incident.acknowledged',
        at: Date.UTC(2026, 0, 5, 12),
        incident: { id: 'Q1', key: 'muster/ocr/page', title: 'ocr: wrong', url: 'https://p.example/Q1' },
        agent: { id: 'PUASHA', name: 'Asha Rao' },
      },
    },
  ]);
});

test('while a secret is replaced either one may have signed, among several signatures', async () => {
  const body = event('e-2');
  const both = `${sign('somebody-else', body)}, ${sign(SECRETS[1]!, body)}`;
  equal(await webhook(body, both), 202);
  equal(queued.length, 1);
});

test('a foreign, missing or altered signature is refused and nothing is queued', async () => {
  const body = event('e-3');
  equal(await webhook(body, sign('somebody-else', body)), 401);
  equal(await webhook(body, ''), 401);
  equal(await webhook(`${body} `, sign(SECRETS[0]!, body)), 401);
  deepEqual(queued, []);
});

test('the same webhook again is queued under the same name, whatever its headers say: the job knows what was done', async () => {
  const body = event('e-4');
  for (let n = 0; n < 3; n += 1) equal(await webhook(body, sign(SECRETS[0]!, body), `w-${n}`), 202);
  deepEqual(names, Array(3).fill('pagerduty-e-4'));
});

test('without a queue PagerDuty is asked to come again', async () => {
  const body = event('e-5');
  queueIsDown = true;
  equal(await webhook(body, sign(SECRETS[0]!, body), 'w-5'), 503);
  queueIsDown = false;
  equal(await webhook(body, sign(SECRETS[0]!, body), 'w-5'), 202);
  equal(queued.length, 1);
});

test('what is signed well but not understood, and a ping, are taken and dropped', async () => {
  for (const body of ['not json', '{"event":{}}', event('e-6', 'pagey.ping')]) {
    equal(await webhook(body, sign(SECRETS[0]!, body), `w-${body.length}`), 202);
  }
  deepEqual(queued, []);
});

test('a body beyond the cap is refused', async () => {
  const body = 'x'.repeat(300_000);
  equal(await webhook(body, sign(SECRETS[0]!, body)), 413);
});

test('an incident button needs the header, and each has its own address', async () => {
  const body = JSON.stringify({
    messages: [
      {
        id: 'm-1',
        event: 'incident.custom',
        incident: { id: 'Q1', incident_key: 'muster/ocr/latency/a1' },
        log_entries: [{ type: 'custom_log_entry', agent: { id: 'PUASHA' } }],
      },
    ],
  });
  equal(await post('/pagerduty/action/hold-scale-down', body, { 'x-muster-action': 'guess' }), 401);
  equal(await post('/pagerduty/action/hold-scale-down', body, {}), 401);
  deepEqual(queued, []);
  equal(await post('/pagerduty/action/hold-scale-down', body, { 'x-muster-action': ACTION_SECRET }), 202);
  equal(await post('/pagerduty/action/delete-all', body, { 'x-muster-action': ACTION_SECRET }), 404);
  deepEqual(queued, [
    {
      job: 'pagerduty-action',
      data: {
        v: 1,
        id: 'm-1',
        action: 'hold-scale-down',
        incident: { id: 'Q1', key: 'muster/ocr/latency/a1' },
        agent: 'PUASHA',
      },
    },
  ]);
});

test('a body that does not come in time is cut off', async () => {
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  socket.on('error', nothing);
  socket.write('POST /pagerduty/webhook HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nab');
  await new Promise((resolve) => socket.once('close', resolve));
});
