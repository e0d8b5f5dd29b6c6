/** The watcher against a metadata server and a Muster that only keep books. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const STOP = 'TERMINATE_ON_HOST_MAINTENANCE';
const script = fileURLToPath(new URL('../../../deploy/watcher/watch-maintenance.sh', import.meta.url));

describe('the maintenance watcher', () => {
  let events: string[];
  let asked: string[];
  let reports: { body: { node: string; event: string; deadline: number | null }; secret: unknown }[];
  let refusals: number;
  let server: Server;
  let url: string;
  let folder: string;
  /** Requests whose path holds this get no answer. */
  let silent: string | null;
  let held: IncomingMessage[];

  beforeEach(async () => {
    [events, asked, reports, refusals, silent, held] = [['NONE'], [], [], 0, null, []];
    folder = mkdtempSync(join(tmpdir(), 'muster-watcher-'));
    server = createServer(async (request, response) => {
      const path = request.url ?? '';
      if (silent !== null && path.includes(silent)) return void held.push(request);
      if (path.startsWith('/maintenance/notice')) {
        const body = JSON.parse(await textOf(request)) as (typeof reports)[number]['body'];
        reports.push({ body, secret: request.headers['x-muster-maintenance'] });
        response.writeHead(refusals-- > 0 ? 503 : 202).end();
        return;
      }
      if (request.headers['metadata-flavor'] !== 'Google') return void response.writeHead(403).end();
      if (path.endsWith('/instance/name')) return void response.end('gpu-1');
      asked.push(path.split('?')[1] ?? '');
      const now = events.length > 1 ? events.shift() : events[0];
      response.writeHead(200, { ETag: `e${asked.length}` }).end(now);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const begin = (more: Record<string, string>) => {
    const env = {
      PATH: process.env.PATH ?? '',
      MUSTER_URL: url,
      METADATA_URL: url,
      MAINTENANCE_WEBHOOK_SECRET: 'the secret',
      PAUSE_SECONDS: '0',
      NO_PROXY: '127.0.0.1',
      TMPDIR: folder,
    };
    return spawn('sh', [script], { env: { ...env, ...more }, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  const watch = async (rounds: number, more: Record<string, string> = {}) => {
    const [code] = await once(begin({ ROUNDS: String(rounds), ...more }), 'exit');
    equal(code, 0);
  };
  const told = () => reports.map(({ body }) => body.event);
  const hours = () => reports.filter(({ body }) => body.event === STOP).map(({ body }) => body.deadline);

  it('waits on the server for each change, so that no notice falls into a gap', async () => {
    await watch(3);
    deepEqual(asked, [
      'last_etag=0',
      'last_etag=e1&timeout_sec=300&wait_for_change=true',
      'last_etag=e2&timeout_sec=300&wait_for_change=true',
    ]);
  });

  it('says once at the start that there is no notice: one may have been taken back while nobody watched', async () => {
    await watch(4, { AGAIN_SECONDS: '0' });
    deepEqual(told(), ['NONE']);
    equal(reports[0]?.body.deadline, null);
  });

  it('reports a notice again while it stands, of the same hour, and not at each turn', async () => {
    events = [STOP];
    await watch(4);
    deepEqual(told(), [STOP]);
    reports = [];
    await watch(4, { AGAIN_SECONDS: '0' });
    deepEqual(told(), [STOP, STOP, STOP, STOP]);
    equal(new Set(hours()).size, 1);
  });

  it('a standing notice keeps its hour when the watcher is started again; the next notice has its own', async () => {
    const keep = { NOMAD_TASK_DIR: folder, NOMAD_ALLOC_DIR: '/nowhere' };
    events = [STOP];
    await watch(1, keep);
    await watch(1, { ...keep, NOTICE_SECONDS: '7200' });
    equal(new Set(hours()).size, 1);
    events = ['NONE', STOP];
    await watch(2, { ...keep, NOTICE_SECONDS: '7200' });
    const [first, , other] = hours();
    ok((other ?? 0) - (first ?? 0) >= 3600, JSON.stringify(hours()));
  });

  it('an hour that is long past, or is none, was another notice’s', async () => {
    events = [STOP];
    const before = Math.floor(Date.now() / 1000);
    for (const old of [String(before - 3700), 'x', '08', '']) {
      writeFileSync(join(folder, 'maintenance-notice'), `${STOP} ${old}\n`);
      await watch(1, { KEEP_DIR: folder });
      ok((hours().at(-1) ?? 0) >= before + 3600, old);
      match(readFileSync(join(folder, 'maintenance-notice'), 'utf8'), new RegExp(`${hours().at(-1)}`));
    }
  });

  for (const [what, path] of [
    ['the metadata server waits for a change', 'wait_for_change'],
    ['Muster takes its time', 'maintenance/notice'],
    ['its own name is not known', 'instance/name'],
  ] as const)
    it(`ends at once when it is told to while ${what}, and leaves no secret behind`, async () => {
      silent = path;
      const child = begin({});
      while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      const closed = once(held[0]?.socket ?? server, 'close');
      const late = setTimeout(() => child.kill('SIGKILL'), 8_000);
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      clearTimeout(late);
      equal(code, 0);
      await closed;
      deepEqual(readdirSync(folder), []);
    });

  it('reports a stop with its hour, and its end', async () => {
    events = ['NONE', STOP, STOP, 'NONE', 'NONE'];
    const before = Math.floor(Date.now() / 1000);
    await watch(5);
    deepEqual(
      reports.map(({ body, secret }) => [body.node, body.event, secret]),
      [
        ['gpu-1', 'NONE', 'the secret'],
        ['gpu-1', STOP, 'the secret'],
        ['gpu-1', 'NONE', 'the secret'],
      ],
    );
    const hour = reports[1]?.body.deadline ?? 0;
    ok(hour >= before + 3600 && hour <= before + 3700);
    equal(reports[2]?.body.deadline, null);
  });

  it('reports again until it is taken', async () => {
    events = [STOP];
    refusals = 2;
    await watch(5);
    equal(reports.length, 3);
    equal(new Set(reports.map(({ body }) => body.deadline)).size, 1, 'of the same hour');
  });

  it('says nothing of a migration, which a running VM survives', async () => {
    events = ['MIGRATE_ON_HOST_MAINTENANCE'];
    await watch(2);
    deepEqual(reports, []);
  });
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
