import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { createRedisFaults } from '../../src/sandbox/redis-faults.js';
import { openWorldRedis } from '../../src/sandbox/world-redis.js';

test('redis can be down, slow or refuse writes, keeps its data, and is well again afterwards', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-rf-'));
  const server = await openWorldRedis(folder, true, () => {});
  const options = { maxRetriesPerRequest: null, retryStrategy: () => 20 };
  const client = new Redis(server.door, options);
  const hasty = new Redis(server.door, { ...options, commandTimeout: 300 });
  for (const each of [client, hasty]) each.on('error', () => {});
  try {
    const faults = createRedisFaults(server);
    await client.set('kept', '1');

    await faults.set('down');
    ok(!existsSync(server.door));
    await rejects(hasty.get('kept'));
    await faults.set('slow');
    ok(existsSync(server.door));
    await rejects(hasty.get('kept'), /timed out/);
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
    hasty.disconnect();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a redis that dies is started again behind the same door, with its data', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-rf-'));
  const said: string[] = [];
  const server = await openWorldRedis(folder, true, (line) => said.push(line));
  const client = new Redis(server.door, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  client.on('error', () => {});
  try {
    await client.set('kept', '1');
    // Written to the file at once instead of within the second, so that nothing has to wait here.
    await client.config('SET', 'appendfsync', 'always');
    await client.set('kept', '2');
    const first = server.pid();
    process.kill(first, 'SIGKILL');
    for (const deadline = Date.now() + 120_000; server.pid() === first && Date.now() < deadline; )
      await new Promise((resolve) => setTimeout(resolve, 20));
    equal(await client.get('kept'), '2');
    deepEqual(said, ['Redis ended by itself; it is started again.']);
  } finally {
    client.disconnect();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
