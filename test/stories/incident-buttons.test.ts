/**
 * A button on an incident, the whole way over a real Redis, BullMQ and the wire: PagerDuty signs and sends, the bot answers
 * 202 and queues, the clicker gets their role, the remedy runs, the outcome is a note.
 */
import { deepEqual, equal, match } from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createBullQueue } from '../../src/adapters/bullmq/queue.js';
import { createClock } from '../../src/adapters/clock/clock.js';
import { hookRoute } from '../../src/adapters/http/hook.js';
import { createPagerdutyHooks } from '../../src/adapters/pagerduty/hooks.js';
import { createRedisStore } from '../../src/adapters/redis/store.js';
import { accessSchema } from '../../src/core/access.js';
import type { AlertState } from '../../src/core/incident.js';
import type { Paged } from '../../src/core/paged.js';
import type { JobRunner, Store } from '../../src/ports.js';
import { NOON, withDecision } from '../support/fleet.js';
import { aPagingScene, type PagingScene } from '../support/paging.js';
import { PATIENT, silentLog, startTestRedis, type TestRedis, until } from '../support/redis.js';

const KEY = 'muster/ocr/latency/a1';
const SECRETS = { webhookSecrets: ['the-old-one', 'the-new-one'], actionSecret: 'a-long-random-header' };
const alert: AlertState = {
  v: 1,
  rev: 1,
  phase: 'firing',
  id: 'a1',
  since: NOON - 180_000,
  minutes: [],
  goodSince: null,
  peakSeconds: 9,
};

interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
  status: number;
}

let redis: TestRedis;
let store: Store & { close(): Promise<void> };
let bull: JobRunner;
let server: Server;
let scene: PagingScene;
const received: Received[] = [];
const ran: string[] = [];
/** The next requests that are taken, but whose answer never arrives. */
let answersLost = 0;

before(async () => {
  redis = await startTestRedis();
  store = await createRedisStore({ url: redis.socket, log: silentLog, ...PATIENT });
  const clock = createClock({ wallMs: Date.now(), simMs: NOON, speed: 1 });
  const locks = { lockMs: 2_000, stalledMs: 1_000 };
  bull = createBullQueue({ url: redis.socket, clock, locks, log: silentLog, graceMs: 300, ...PATIENT });
  const routes = createPagerdutyHooks({ ...SECRETS, enqueue: bull.queue.enqueue, log: silentLog }).map(
    (hook) => hookRoute(hook, silentLog),
  );
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    const path = request.url ?? '';
    const isLost = answersLost > 0;
    if (isLost) answersLost -= 1;
    response.on('finish', () => {
      const headers = request.headers as Record<string, string>;
      received.push({ path, headers, body: Buffer.concat(chunks).toString(), status: response.statusCode });
    });
    const { end } = response;
    // The bot has done its part when it ends its answer: then the line breaks.
    if (isLost) response.end = (() => response.destroy()) as typeof end;
    routes.find((route) => route.path === path)?.handler(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  scene = await aPagingScene({
    ports: { store, queue: bull.queue, clock },
    access: accessSchema.parse({ operators: ['asha@sandbox.example'], onCall: 'none' }),
    hooks: { bots: () => [{ url }], secrets: SECRETS.webhookSecrets, actionSecret: SECRETS.actionSecret },
  });
  const { evaluate: _, converge: __, ...handlers } = scene.app.handlers();
  const counted = Object.entries(handlers).map(([name, handler]) => {
    const run: typeof handler.run = async (...given) => {
      await handler.run(...given);
      ran.push(name);
    };
    return [name, { ...handler, run }];
  });
  await bull.work(Object.fromEntries(counted), { concurrency: 5 });
  await withDecision(store, 'ocr');
  const trigger = { v: 1, kind: 'trigger', severity: 'critical', details: {}, at: NOON } as const;
  const about = { fleet: 'ocr', dedupKey: KEY, summary: 'ocr is too slow' };
  await store.setAlert('ocr', alert, 0, [], [{ ...trigger, ...about }]);
  await bull.queue.enqueue('announce', { v: 1, channel: 'pagerduty' }, { dedupe: 'announce-pagerduty' });
});
after(async () => {
  await scene.close();
  await bull.close();
  await new Promise((resolve) => server.close(resolve));
  await store.close();
  await redis.stop();
});

const incident = () => scene.standIn.incidents().at(-1);
const notes = () => incident()?.notes.map(({ text }) => text) ?? [];
const note = (what: RegExp) => until(`a note like ${what}`, () => notes().some((text) => what.test(text)));
const runs = (job: string) => ran.filter((name) => name === job).length;
const press = (action: 'hold-scale-down' | 'run-remedy' | 'add-diagnostics', user: string) =>
  scene.standIn.press(incident()!.id, action, user);

test('the page reaches PagerDuty, its signed webhook comes back, and the note names the fitting remedy', async () => {
  await note(/^Fitting remedy: raise-floor, because it is too slow/);
  const triggered = received.find(({ path }) => path === '/pagerduty/webhook');
  equal(triggered?.status, 202);
  match(triggered?.headers['x-pagerduty-signature'] ?? '', /^v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/);
});

test('the remedy runs for the clicker, whose role counts, and the outcome is written back', async () => {
  equal(await press('run-remedy', 'PUASHA'), 202);
  await note(/^Remedy raise-floor done, asked for by Asha Rao/);
  const { override } = await store.fleet('ocr');
  deepEqual([override?.kind, override?.by.id], ['floor', 'slack:U0ASHA']);
  const entry = (await store.audit(20)).find(({ action }) => action === 'remedy');
  deepEqual([entry?.by.id, entry?.detail?.where], ['slack:U0ASHA', 'pagerduty']);
});

test('the same click delivered again and again has one effect', async () => {
  const before = [
    notes().length,
    (await store.machines('remedy')).length,
    (await store.fleet('ocr')).version,
  ];
  const { path, headers, body } = received.findLast((one) => one.path.startsWith('/pagerduty/action'))!;
  const done = runs('pagerduty-action');
  for (const id of ['another-delivery', 'and-another']) {
    const again = {
      'content-type': 'application/json',
      'x-muster-action': headers['x-muster-action']!,
      'x-webhook-id': id,
    };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    equal((await fetch(url, { method: 'POST', body, headers: again })).status, 202);
  }
  await until('they were looked at', () => runs('pagerduty-action') > done);
  deepEqual(
    [notes().length, (await store.machines('remedy')).length, (await store.fleet('ocr')).version],
    before,
  );
});

test('who has no Slack account, and who may not, is refused with a note; nothing is done', async () => {
  equal(await press('hold-scale-down', 'PUNADIA'), 202);
  await note(/^Refused, and nothing was done: Nadia Khan .* no member’s account in Slack/);
  equal(await press('hold-scale-down', 'PUMEERA'), 202);
  await note(/^Refused: .*Meera Iyer/);
  deepEqual((await store.fleet('ocr')).freezes, []);
});

test('a webhook whose answer was lost comes again, and counts once', async () => {
  const before = received.length;
  answersLost = 1;
  scene.standIn.move(incident()!.id, 'acknowledged', { id: 'PURAVI', name: 'Ravi Menon' });
  const known = async () => (await store.machine('paged', 'ocr.latency.a1'))?.state as Paged | undefined;
  await until('it is known here', async () => (await known())?.status === 'acknowledged');
  await until('it came again', () => received.length > before);
  equal(received.at(-1)?.status, 202);
  const state = await known();
  equal(state?.by, 'Ravi Menon');
  equal(new Set(state?.events).size, state?.events.length);
  await until('Slack says who', () => /acknowledged by Ravi Menon/.test(scene.shown.get('latency-a1') ?? ''));
});

test('without the header a button is refused, and a foreign signature changes nothing', async () => {
  const before = [(await store.machines('remedy')).length, (await store.fleet('ocr')).version];
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { body } = received.findLast((one) => one.path === '/pagerduty/webhook')!;
  const headers = { 'x-pagerduty-signature': `v1=${'0'.repeat(64)}` };
  equal((await fetch(`${base}/pagerduty/webhook`, { method: 'POST', body, headers })).status, 401);
  equal((await fetch(`${base}/pagerduty/action/run-remedy`, { method: 'POST', body })).status, 401);
  deepEqual([(await store.machines('remedy')).length, (await store.fleet('ocr')).version], before);
});
