import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { createRedisStore } from '../../../src/adapters/redis/store.js';
import { OutsideError } from '../../../src/errors.js';
import type { Store } from '../../../src/ports.js';
import { aCommit, aMemory, anAudit, aRow, aSample } from '../../contracts/store-records.js';
import { silentLog, startTestRedis, type TestRedis, until } from '../../support/redis.js';

let redis: TestRedis;
let store: Store & { close(): Promise<void> };
before(async () => {
  redis = await startTestRedis();
});
after(() => redis.stop());
beforeEach(async () => {
  store = await createRedisStore({ url: redis.socket, log: silentLog });
});
afterEach(() => store.close());

const failure = async (work: Promise<unknown>): Promise<OutsideError> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  ok(error instanceof OutsideError, `an OutsideError, not ${inspect(error)}`);
  return error;
};

test('while Redis is gone every call fails at once, and afterwards all is there again', async () => {
  equal(await store.commitDecision(aCommit('before')), 'stored');
  await redis.kill();
  await until('the connection is lost', () =>
    store.ping().then(
      () => false,
      () => true,
    ),
  );
  const calls = [
    () => store.fleet('face-match'),
    () => store.commitDecision(aCommit('during')),
    () => store.decisions('face-match', 5),
    () => store.verifyAudit(),
    () => store.push([aRow()], []),
    () => store.lease('face-match', 'a', 100),
    () => store.appendAudit(anAudit()),
    () => store.ping(),
  ];
  for (const call of calls) {
    const error = await failure(call());
    deepEqual([error.peer, error.class, error.why], ['redis', 'retry', 'unreachable']);
  }
  await redis.start();
  await until('it reconnects by itself', () =>
    store.ping().then(
      () => true,
      () => false,
    ),
  );
  deepEqual(
    (await store.decisions('face-match', 5)).map(({ id }) => id),
    ['before'],
  );
});

test('while Redis stands still a call is given up', async () => {
  redis.freeze();
  try {
    equal((await failure(store.fleet('face-match'))).why, 'timeout');
  } finally {
    redis.thaw();
  }
  await until('it answers again', () =>
    store.ping().then(
      () => true,
      () => false,
    ),
  );
});

test('a password shows in no error and no log line', async () => {
  const server = await refusing();
  const { port } = server.address() as { port: number };
  const lines: unknown[] = [];
  const note = (...line: unknown[]) => void lines.push(line);
  const log = { debug: note, info: note, warn: note, error: note };
  const url = `redis://bot:sekret@127.0.0.1:${port}`;
  const error = await failure(createRedisStore({ url, log, firstConnectionMs: 60_000 }));
  equal(error.why, 'refused');
  equal(error.class, 'human');
  ok(!inspect([error, lines], { depth: 20, showHidden: true }).includes('sekret'));
  server.close();
});

test('without a server it says so', async () => {
  const url = `${redis.socket}.none`;
  const error = await failure(createRedisStore({ url, log: silentLog, firstConnectionMs: 200 }));
  equal(error.why, 'unreachable');
});

test('records of a newer Muster are left alone', async () => {
  const admin = new Redis({ path: redis.socket, replyMapping: 'legacy' });
  await store.keepSample('newer', aSample(), aMemory(1), 0);
  await admin.hset('muster:{m}:fleet:newer:state', 'memory', '{"v":2,"rev":7}', 'memoryRev', '7');
  await rejects(store.fleet('newer'), (error) => error instanceof OutsideError && error.class === 'human');
  equal(await store.keepSample('newer', aSample(aSample().at + 60_000), aMemory(1), 0), 'conflict');
  equal(await admin.hget('muster:{m}:fleet:newer:state', 'memory'), '{"v":2,"rev":7}');
  admin.disconnect();
});

test('a changed audit entry is found, and so is a missing one', async () => {
  const admin = new Redis({ path: redis.socket, replyMapping: 'legacy' });
  await admin.flushall();
  for (let i = 0; i < 600; i += 1) await store.appendAudit(anAudit('tick', { at: i }));
  equal((await store.verifyAudit()).ok, true);
  const line = (await admin.lindex('muster:{m}:audit:tail', 10)) ?? '';
  await admin.lset('muster:{m}:audit:tail', 10, line.replace('tick', 'tock'));
  deepEqual(await store.verifyAudit(), { ok: false, entries: 600, brokenAt: Number(line.split(' ')[0]) });
  await admin.lset('muster:{m}:audit:tail', 10, line);
  equal((await store.verifyAudit()).ok, true);
  await admin.rpop('muster:{m}:audit:tail');
  deepEqual(await store.verifyAudit(), { ok: false, entries: 599, brokenAt: 600 });
  admin.disconnect();
});

test('audit entries older than their time are exported in order, and the chain still verifies', async () => {
  const admin = new Redis({ path: redis.socket, replyMapping: 'legacy' });
  await admin.flushall();
  const exported: { seq: number; hash: string; previous: string }[] = [];
  const trimming = await createRedisStore({
    url: redis.socket,
    log: silentLog,
    exportAudit: async (lines) => {
      exported.push(...lines.map((line) => JSON.parse(line) as (typeof exported)[number]));
    },
  });
  const day = 86_400_000;
  for (let i = 0; i < 1_200; i += 1) await trimming.appendAudit(anAudit('tick', { at: i * (day / 8) }));
  ok(exported.length > 0 && exported.length % 256 === 0, `${exported.length} exported`);
  ok(
    exported.every(
      ({ seq, previous }, i) => seq === i + 1 && previous === (exported[i - 1]?.hash ?? '0'.repeat(64)),
    ),
  );
  const left = 1_200 - exported.length;
  deepEqual(await trimming.verifyAudit(), { ok: true, entries: left, brokenAt: null });
  const oldest = (await trimming.audit(2_000)).at(-1);
  equal(oldest?.previous, exported.at(-1)?.hash);
  await trimming.close();
  admin.disconnect();
});

/** A server that knows nobody: one refusal for each command. */
function refusing(): Promise<Server> {
  const refusal = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
  const server = createServer((socket) => {
    socket.on('data', (data) => socket.end(refusal.repeat(data.toString().match(/^\*/gm)?.length ?? 1)));
    socket.on('error', () => {});
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
