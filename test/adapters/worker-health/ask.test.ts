/** Whatever workers answer, or do not, is at most unknown: it never throws, never waits long, never eats memory. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createWorkerHealth } from '../../../src/adapters/worker-health/ask.js';
import type { HealthSource, WorkerAddress } from '../../../src/ports.js';

const WELL = {
  modelLoaded: true,
  deviceHealthy: true,
  lastSuccessAt: '2026-01-05T12:00:00.5+05:30',
  inFlight: 2,
};
const AT = Date.parse(WELL.lastSuccessAt);
const source: Extract<HealthSource, { kind: 'http' }> = {
  ...{ kind: 'http', url: 'http://{address}:{port}/{worker}', port: 'health', portPerWorker: false },
  ...{ timeoutSeconds: 0.4, stuckAfter: 20, stuckLeastSeconds: 120 },
};

const overHttp = () =>
  createWorkerHealth({
    files: { object: () => Promise.reject(new Error('nobody reads files here')) },
    clock: { now: () => AT, speed: 1 },
  });

const answers: Record<string, RequestListener> = {
  well: (_request, response) =>
    response.end(JSON.stringify({ ...WELL, version: '1.2', gpu: { name: 'T4' } })),
  millis: (_request, response) => response.end(JSON.stringify({ ...WELL, lastSuccessAt: AT })),
  never: (_request, response) => response.end(JSON.stringify({ ...WELL, lastSuccessAt: null })),
  ill: (_request, response) => response.writeHead(503).end(JSON.stringify({ ...WELL, deviceHealthy: false })),
  slots: (_request, response) => response.end(JSON.stringify({ slots: [WELL, { ...WELL, inFlight: 0 }] })),
  mixed: (_request, response) =>
    response.end(JSON.stringify({ slots: [{ ...WELL, deviceHealthy: false }, { detail: 'Not Found' }, 7] })),
  junk: (_request, response) => response.end('{"modelLoaded": tru'),
  html: (_request, response) => response.end('<html>ok</html>'),
  empty: (_request, response) => response.end(),
  ok: (_request, response) => response.end('{"status":"ok"}'),
  words: (_request, response) => response.end(JSON.stringify({ ...WELL, deviceHealthy: 'yes' })),
  local: (_request, response) => response.end(JSON.stringify({ ...WELL, lastSuccessAt: '2026-01-05 12:00' })),
  negative: (_request, response) => response.end(JSON.stringify({ ...WELL, inFlight: -1 })),
  many: (_request, response) => response.end(JSON.stringify({ slots: Array(65).fill(WELL) })),
  none: (_request, response) => response.end('{"slots":[]}'),
  shape: (_request, response) => response.end(JSON.stringify({ slots: { one: WELL } })),
  failing: (_request, response) => response.writeHead(500).end(JSON.stringify(WELL)),
  missing: (_request, response) => response.writeHead(404).end(JSON.stringify(WELL)),
  elsewhere: (_request, response) => response.writeHead(302, { location: '/well' }).end(),
  huge: (_request, response) => {
    response.on('error', () => {});
    response.end(JSON.stringify({ ...WELL, log: 'x'.repeat(5_000_000) }));
  },
  cut: (request) => request.socket.destroy(),
  hangs: () => {},
  drips: (_request, response) => {
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  },
};

describe('asking workers over HTTP', () => {
  const server = createServer((request, response) => {
    const said = answers[(request.url ?? '').slice(1).replace(/-\d+$/, '')];
    if (said === undefined) response.writeHead(404).end();
    else said(request, response);
  });
  let port = 0;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  const worker = (id: string, more: Partial<WorkerAddress> = {}): WorkerAddress => ({
    ...{ id, zone: 'a', nodeId: 'n', workers: 1, host: '127.0.0.1', port },
    ...more,
  });
  const ask = (ids: string[]) =>
    overHttp().ask(
      source,
      ids.map((id) => worker(id)),
    );

  it('reads one slot or several, a moment in either form, and an ill worker that speaks by status', async () => {
    const slot = { modelLoaded: true, deviceHealthy: true, lastSuccessAt: AT, inFlight: 2 };
    deepEqual(await ask(['well', 'millis', 'never', 'ill', 'slots']), [
      [slot],
      [slot],
      [{ ...slot, lastSuccessAt: null }],
      [{ ...slot, deviceHealthy: false }],
      [slot, { ...slot, inFlight: 0 }],
    ]);
  });

  it('a slot that says nothing usable is unknown alone: it hides no sick one beside it', async () => {
    const [said] = await ask(['mixed']);
    deepEqual(
      said?.map((one) => one?.deviceHealthy ?? null),
      [false, null, null],
    );
  });

  for (const id of Object.keys(answers).slice(6))
    it(`takes “${id}” for unknown, and still hears the others`, async () => {
      const [bad, good] = await ask([id, 'well']);
      deepEqual([bad, good?.length], [null, 1]);
    });

  it('takes a port where nobody listens, no address and no port for unknown', async () => {
    const lost = [
      worker('well', { port: 1 }),
      worker('well', { host: null }),
      worker('well', { port: null }),
    ];
    deepEqual(await overHttp().ask(source, lost), [null, null, null]);
  });

  it('asks each worker of an allocation at a port of its own, where that is how they answer', async () => {
    const each = { ...source, portPerWorker: true };
    const [slots] = await overHttp().ask(each, [worker('well', { workers: 2 })]);
    deepEqual([slots?.length, slots?.[0]?.inFlight, slots?.[1]], [2, 2, null]);
  });

  it('is done however many hang, and hears others first the next time', async () => {
    const health = overHttp();
    const ids = [
      ...Array.from({ length: 400 }, (_, n) => `hangs-${n}`),
      ...Array.from({ length: 20 }, (_, n) => `well-${n}`),
    ];
    const workers = ids.map((id) => worker(id));
    let heard = 0;
    for (let round = 0; round < 8 && heard === 0; round += 1) {
      const said = await health.ask(source, workers);
      equal(said.length, ids.length);
      heard = said.filter((slots) => slots !== null).length;
    }
    ok(heard > 0, 'those that answer are heard in some round');
  });
});
