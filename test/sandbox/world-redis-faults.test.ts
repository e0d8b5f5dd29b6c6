import { equal, ok, rejects } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { createRedisFaults } from '../../src/sandbox/redis-faults.js';

test('redis can be down, slow or refuse writes, keeps its data, and is well again afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-rf-'));
  const socket = join(folder, 'r.sock');
  const server = spawn('redis-server', [
    '--port',
    '0',
    '--unixsocket',
    socket,
    '--dir',
    folder,
    '--save',
    '',
  ]);
  const client = new Redis(socket, {
    maxRetriesPerRequest: 1,
    retryStrategy: () => 20,
    commandTimeout: 300,
    lazyConnect: true,
  });
  client.on('error', () => {});
  try {
    for (const deadline = Date.now() + 5_000; !existsSync(socket) && Date.now() < deadline; )
      await new Promise((resolve) => setTimeout(resolve, 10));
    const faults = createRedisFaults({ socket, pid: server.pid ?? 0 });
    await client.set('kept', '1');

    await faults.set('down');
    ok(!existsSync(socket));
    await rejects(client.get('kept'));
    await faults.set('slow');
    ok(existsSync(socket));
    await rejects(client.get('kept'), /timed out/);
    await faults.set('error');
    await rejects(client.set('kept', '2'), /NOREPLICAS/);
    equal(await client.get('kept'), '1');
    await faults.set('stale');
    await client.set('kept', '3');
    equal(await client.get('kept'), '3');

    await faults.set('down');
    await faults.close();
    equal(await client.get('kept'), '3');
  } finally {
    client.disconnect();
    server.kill('SIGKILL');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
});
