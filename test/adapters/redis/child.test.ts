import { equal, match, ok, rejects } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NO_REDIS, startRedisChild } from '../../../src/adapters/redis/child.js';
import { createRedisStore } from '../../../src/adapters/redis/store.js';
import { OperatorError } from '../../../src/errors.js';
import { anAudit } from '../../contracts/store-records.js';
import { PATIENT, silentLog } from '../../support/redis.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'muster-child-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('the socket lies where only we may enter, and nothing is left after a stop', async () => {
  const child = await startRedisChild({ dir });
  equal(statSync(dirname(child.socket)).mode & 0o777, 0o700);
  ok(child.socket.length < 108);
  await child.stop();
  ok(!isAlive(child.pid));
  ok(!existsSync(dirname(child.socket)));
});

test('however long the path for temporary files is, the socket can be named', async () => {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = join(dir, 'x'.repeat(100));
  try {
    mkdirSync(process.env.TMPDIR);
    const child = await startRedisChild({ dir: process.env.TMPDIR });
    ok(child.socket.length < 108);
    await child.stop();
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test('ends with its parent under kill -9, and the next start on the folder has the data', async () => {
  const parent = spawn(process.execPath, [fileURLToPath(new URL('child-parent.js', import.meta.url)), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve) =>
    parent.stdout.once('data', (data) => resolve(String(data))),
  );
  const { pid } = JSON.parse(line) as { pid: number };
  ok(isAlive(pid));
  parent.kill('SIGKILL');
  const child = await startRedisChild({ dir });
  ok(!isAlive(pid), 'never two servers on one folder');
  const store = await createRedisStore({ url: child.socket, log: silentLog, ...PATIENT });
  equal((await store.audit(1))[0]?.action, 'before the crash');
  await store.appendAudit(anAudit('after'));
  equal((await store.verifyAudit()).ok, true);
  await store.close();
  await child.stop();
});

test('without a server on the path it says what to type', async () => {
  const path = process.env.PATH;
  process.env.PATH = dir;
  try {
    await rejects(
      startRedisChild({ dir }),
      (error) => error instanceof OperatorError && error.message === NO_REDIS,
    );
  } finally {
    process.env.PATH = path;
  }
  match(NO_REDIS, /apt-get install redis-server/);
});

test('a server that does not start is named with its reason', async () => {
  const file = join(dir, 'appendonlydir');
  writeFileSync(file, 'not a folder');
  await rejects(startRedisChild({ dir }), /did not start on .*: \S+/);
});

/** A process that ended but was not waited for is dead too. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
