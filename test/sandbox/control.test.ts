import { deepEqual, equal, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import type { Config } from '../../src/config.js';
import {
  ControlError,
  type ControlledWorld,
  createControl,
  isLoopbackHost,
} from '../../src/sandbox/control.js';
import { ZONES } from '../../src/sandbox/fleets.js';

const done: unknown[] = [];
const answered = { ok: true, ackMs: 5, responses: [] };
const world: ControlledWorld = {
  state: async () => ({ clock: 7 }) as never,
  command: async (said) => {
    if (said.text === 'nobody') throw new ControlError(503, 'no-bot', 'No bot is running.');
    if (said.text === 'crash') throw new Error('secret detail');
    done.push(said);
    return answered;
  },
  click: async (click) => {
    done.push(click);
    return answered;
  },
  submit: async (form) => {
    done.push(form);
    return answered;
  },
  fault: async (target, kind, seconds) => ({ id: 'f1', target, kind, until: seconds * 1_000 }),
  endFault: async (id) => id === 'f1',
  maintenance: ({ node, inSeconds }) => ({ node: node ?? 'n1', zone: 'a', at: inSeconds * 1_000 }),
  withdrawMaintenance: (node) => void done.push({ withdrawn: node }),
  zone: (zone) => zone === 'a',
  worker: (fleet, what) => (fleet === 'ocr' ? [what] : null),
  deploy: (fleet, what) => (fleet === 'ocr' ? { zone: 'a', image: `ocr:${what}`, hasRoom: true } : null),
  deadLetter: (fleet) => fleet === 'ocr',
  pagerduty: async (act) => {
    done.push(act);
    return { status: act.act === 'run-remedy' ? 202 : null };
  },
  replicaConfig: () => ({ environment: 'sandbox' }) as Config,
  registerBot: (bot) => {
    done.push(bot);
    return { world: 'w1', clock: { wallMs: 1, simMs: 2, speed: 60 } };
  },
};

let server: Server;
let base: string;
before(async () => {
  const control = createControl(world);
  server = createServer(async (request, response) => {
    if (await control(request, response)) return;
    response.writeHead(418);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; json: never }> {
  const response = await fetch(base + path, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, json: (await response.json()) as never };
}

test('each route takes what the contract says and hands it on', async () => {
  done.length = 0;
  deepEqual(await ask('GET', '/_sandbox/state'), { status: 200, json: { clock: 7 } });
  deepEqual(await ask('GET', '/_sandbox/replica'), {
    status: 200,
    json: { config: { environment: 'sandbox' } },
  });
  const said = { user: 'asha', channel: '#ml-ops', text: 'status' };
  const click = { user: 'asha', messageTs: '1.000001', actionId: 'run' };
  const form = { user: 'asha', viewId: 'V1', values: { b: { a: 1 } } };
  equal((await ask('POST', '/_sandbox/command', said)).status, 200);
  deepEqual((await ask('POST', '/_sandbox/click', click)).json, answered);
  equal((await ask('POST', '/_sandbox/click', { ...click, blockId: 'b', value: 'v' })).status, 200);
  equal((await ask('POST', '/_sandbox/submit', form)).status, 200);
  const bot = await ask('POST', '/_sandbox/bots', { url: 'http://127.0.0.1:4100/', pid: 123 });
  deepEqual(bot.json, { ok: true, world: 'w1', clock: { wallMs: 1, simMs: 2, speed: 60 } });
  deepEqual(done, [
    said,
    click,
    { ...click, blockId: 'b', value: 'v' },
    form,
    { url: 'http://127.0.0.1:4100', pid: 123 },
  ]);
  deepEqual(await ask('POST', '/_sandbox/fault', { target: 'nomad', kind: 'slow', seconds: 60 }), {
    status: 200,
    json: { id: 'f1', until: 60_000 },
  });
  equal((await ask('DELETE', '/_sandbox/fault/f1')).status, 200);
  deepEqual(await ask('POST', '/_sandbox/maintenance', { node: 'n2', inSeconds: 60 }), {
    status: 200,
    json: { node: 'n2', zone: 'a', at: 60_000 },
  });
  equal((await ask('POST', '/_sandbox/maintenance', { node: 'n2', withdraw: true })).status, 200);
  deepEqual(done.pop(), { withdrawn: 'n2' });
  equal((await ask('POST', '/_sandbox/zone', { zone: 'a', up: false })).status, 200);
  equal((await ask('POST', '/_sandbox/zone', { zone: 'x', up: true })).status, 404);
  deepEqual((await ask('POST', '/_sandbox/worker', { fleet: 'ocr', what: 'stuck' })).json, {
    ok: true,
    hit: ['stuck'],
  });
  equal((await ask('POST', '/_sandbox/worker', { fleet: 'nobody', what: 'stuck' })).status, 404);
  deepEqual((await ask('POST', '/_sandbox/deploy', { fleet: 'ocr', what: 'bad' })).json, {
    ...{ ok: true, zone: 'a', image: 'ocr:bad', hasRoom: true },
  });
  equal((await ask('POST', '/_sandbox/deploy', { fleet: 'nobody', what: 'bad' })).status, 404);
  equal((await ask('POST', '/_sandbox/dead-letters', { fleet: 'ocr', count: 40 })).status, 200);
  equal((await ask('POST', '/_sandbox/dead-letters', { fleet: 'x', count: 40 })).status, 404);
});

test('wrong input is answered with 400 and the rule that it breaks', async () => {
  const cases: [string, unknown, RegExp][] = [
    ['/_sandbox/command', '{"user":', /JSON/],
    ['/_sandbox/command', '', /JSON/],
    ['/_sandbox/command', [], /object/],
    ['/_sandbox/command', { user: 'asha', text: 'x' }, /channel/],
    ['/_sandbox/command', { user: 'asha', channel: '#ml-ops', text: 5 }, /text/],
    ['/_sandbox/click', { user: 'asha', actionId: 'x' }, /messageTs/],
    ['/_sandbox/submit', { user: 'asha', viewId: 'V1' }, /values/],
    ['/_sandbox/maintenance', { inSeconds: -1 }, /inSeconds/],
    ['/_sandbox/zone', { zone: 'a' }, /up/],
    ['/_sandbox/worker', { fleet: 'ocr', what: 'sleepy' }, /what/],
    ['/_sandbox/deploy', { fleet: 'ocr', what: 'good' }, /what/],
    ['/_sandbox/dead-letters', { fleet: 'ocr', count: 5_000 }, /count/],
    ['/_sandbox/fault', { target: 'mongo', kind: 'down', seconds: 5 }, /target/],
    ['/_sandbox/fault', { target: 'nomad', kind: 'odd', seconds: 5 }, /kind/],
    ['/_sandbox/fault', { target: 'nomad', kind: 'down', seconds: -5 }, /seconds/],
    ['/_sandbox/fault', { target: 'nomad', kind: 'down' }, /seconds/],
    ['/_sandbox/bots', { url: 'http://example.com', pid: 5 }, /loopback/],
    ['/_sandbox/bots', { url: 'http://127.0.0.1:1@example.com', pid: 5 }, /loopback/],
    ['/_sandbox/bots', { url: 'http://127.0.0.1:4100', pid: 0 }, /pid/],
  ];
  for (const [path, body, told] of cases) {
    const { status, json } = await ask('POST', path, body);
    const { error } = json as { error: { code: string; message: string } };
    equal(status, 400, `${path} ${JSON.stringify(body)}`);
    match(error.message, told);
  }
});

test('unknown paths are 404, a wrong method is 405, a huge body is 413, and no bot is 503', async () => {
  equal((await ask('GET', '/_sandbox/nothing')).status, 404);
  equal((await ask('GET', '/_sandbox/')).status, 404);
  equal((await ask('GET', '/_sandbox/state/more')).status, 404);
  equal((await ask('GET', '/_sandbox/toString')).status, 404);
  equal((await ask('DELETE', '/_sandbox/fault/f2')).status, 404);
  equal((await ask('POST', '/_sandbox/state', {})).status, 405);
  equal((await ask('POST', '/_sandbox/command', 'x'.repeat(300_000))).status, 413);
  const said = { user: 'asha', channel: '#ml-ops', text: 'nobody' };
  deepEqual(await ask('POST', '/_sandbox/command', said), {
    status: 503,
    json: { error: { code: 'no-bot', message: 'No bot is running.' } },
  });
});

test('a failure inside is a 500 that tells nothing of the inside', async (t) => {
  t.mock.method(console, 'error', () => {});
  const { status, json } = await ask('POST', '/_sandbox/command', { user: 'a', channel: 'c', text: 'crash' });
  equal(status, 500);
  equal(JSON.stringify(json).includes('secret detail'), false);
});

test('paths outside the interface are left to the page', async () => {
  equal((await fetch(`${base}/`)).status, 418);
});

test('only loopback names count as this machine', () => {
  for (const host of ['127.0.0.1:3000', 'localhost', 'LOCALHOST:80', '[::1]:3000'])
    equal(isLoopbackHost(host), true, host);
  for (const host of [
    undefined,
    '',
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil:80',
    '10.0.0.1:3000',
  ])
    equal(isLoopbackHost(host), false, String(host));
});

test('the page offers the zones that the world has', () => {
  const source = readFileSync(
    new URL('../../../src/sandbox/page/browser/panels/cloud.ts', import.meta.url),
    'utf8',
  );
  const offered = /const zones = \[(.*)\]/.exec(source)?.[1] ?? '';
  deepEqual(offered.match(/[a-z][a-z0-9-]+/g), [...ZONES]);
});
