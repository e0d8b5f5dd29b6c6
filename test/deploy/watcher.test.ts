/** The watcher against a metadata server and a Muster that only keep books. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../../deploy/watcher/watch-maintenance.sh', import.meta.url));

describe('the maintenance watcher', () => {
  let events: string[];
  let asked: string[];
  let reports: { body: { node: string; event: string; deadline: number | null }; secret: unknown }[];
  let refusals: number;
  let server: Server;
  let url: string;

  beforeEach(async () => {
    [events, asked, reports, refusals] = [['NONE'], [], [], 0];
    server = createServer(async (request, response) => {
      const path = request.url ?? '';
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
  });

  const watch = async (rounds: number) => {
    const env = {
      PATH: process.env.PATH ?? '',
      MUSTER_URL: url,
      METADATA_URL: url,
      MAINTENANCE_WEBHOOK_SECRET: 'the secret',
      ROUNDS: String(rounds),
      PAUSE_SECONDS: '0',
      NO_PROXY: '127.0.0.1',
    };
    const child = spawn('sh', [script], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = await once(child, 'exit');
    equal(code, 0);
  };

  it('waits on the server for each change, so that no notice falls into a gap', async () => {
    await watch(3);
    deepEqual(asked, [
      'last_etag=0',
      'last_etag=e1&timeout_sec=300&wait_for_change=true',
      'last_etag=e2&timeout_sec=300&wait_for_change=true',
    ]);
    deepEqual(reports, [], 'nothing happened, so nothing is said');
  });

  it('reports a stop with its hour, and its end', async () => {
    events = ['NONE', 'TERMINATE_ON_HOST_MAINTENANCE', 'TERMINATE_ON_HOST_MAINTENANCE', 'NONE', 'NONE'];
    const before = Math.floor(Date.now() / 1000);
    await watch(5);
    deepEqual(
      reports.map(({ body, secret }) => [body.node, body.event, secret]),
      [
        ['gpu-1', 'TERMINATE_ON_HOST_MAINTENANCE', 'the secret'],
        ['gpu-1', 'NONE', 'the secret'],
      ],
    );
    const hour = reports[0]?.body.deadline ?? 0;
    ok(hour >= before + 3600 && hour <= before + 3700);
    equal(reports[1]?.body.deadline, null);
  });

  it('reports again until it is taken', async () => {
    events = ['TERMINATE_ON_HOST_MAINTENANCE'];
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
