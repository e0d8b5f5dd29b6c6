/**
 * One evaluate per fleet, for 1, 100, 1,000 and 10,000 fleets: in memory (the app's handler called directly, memory
 * store) and over Redis (a real server, BullMQ's queue and workers, the Redis store). Every fleet has an hour of history
 * and traffic of its own, so that most decisions change something, and are carried with their audit entry and messages.
 *
 *   node dist/bench/loop.js [fleets …]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createBullQueue } from '../src/adapters/bullmq/queue.js';
import { createClock } from '../src/adapters/clock/clock.js';
import { type RedisChild, startRedisChild } from '../src/adapters/redis/child.js';
import { createRedisStore } from '../src/adapters/redis/store.js';
import { createMemoryStore } from '../src/simulation/memory-store.js';
import { type BenchWorld, createBenchWorld, evaluateAll, settle, silent, warm } from './loop-world.js';

interface Row {
  fleets: number;
  seconds: number;
  cpuMs: number;
  redisCpuMs: number | null;
  bytes: number | null;
  scaled: number;
}

const WORKERS = 10;
const sizes = process.argv
  .slice(2)
  .map(Number)
  .filter((size) => size > 0);
const wanted = sizes.length > 0 ? sizes : [1, 100, 1_000, 10_000];

await inMemory(1);
show('in memory', await each(wanted, inMemory));
const dir = mkdtempSync(join(tmpdir(), 'muster-bench-'));
const redis = await startRedisChild({ dir });
try {
  // Once for nothing: the scripts' own memory is the server's, not the first fleet's.
  await overRedis(1, redis);
  show('over Redis, through BullMQ', await each(wanted, (fleets) => overRedis(fleets, redis)));
} finally {
  await redis.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function inMemory(fleets: number): Promise<Row> {
  const clock = createClock(null);
  const world = createBenchWorld(fleets, clock, createMemoryStore({ now: Date.now }), {
    enqueue: async () => {},
  });
  await warm(world);
  const spent = stopwatch();
  await evaluateAll(world, WORKERS);
  return { fleets, ...spent(), redisCpuMs: null, bytes: null, scaled: await scaledOf(world) };
}

async function overRedis(fleets: number, { socket }: RedisChild): Promise<Row> {
  const admin = new Redis({ path: socket, replyMapping: 'legacy' });
  await admin.flushall();
  const clock = createClock(null);
  const store = await createRedisStore({ url: socket, log: silent });
  const locks = { lockMs: 30_000, stalledMs: 30_000 };
  const runner = createBullQueue({ url: socket, clock, locks, log: silent });
  try {
    await settle(async () => (await runner.queue.enqueue('warm-up', {}).catch(() => 'no')) !== 'no');
    const world = createBenchWorld(fleets, clock, store, runner.queue);
    const empty = await used(admin);
    await warm(world);
    const redisBefore = await redisCpu(admin);
    const spent = stopwatch();
    await runner.work({ evaluate: world.handler }, { concurrency: WORKERS });
    await inBatches(world.names, 50, (fleet) =>
      runner.queue.enqueue('evaluate', { v: 1, fleet, trigger: 'cycle' }, { dedupe: `evaluate-${fleet}` }),
    );
    await settle(async () => world.decided() >= fleets);
    const { seconds, cpuMs } = spent();
    const redisCpuMs = ((await redisCpu(admin)) - redisBefore) / fleets;
    // What BullMQ keeps of waiting converge jobs is not the store's.
    await sleep(200);
    await dropQueues(admin);
    const bytes = ((await used(admin)) - empty) / fleets;
    return { fleets, seconds, cpuMs, redisCpuMs, bytes, scaled: await scaledOf(world) };
  } finally {
    await runner.close();
    await store.close();
    admin.disconnect();
  }
}

/** Wall time, and this process's CPU per decision once divided. */
function stopwatch(): () => { seconds: number; cpuMs: number } {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { seconds: (performance.now() - start) / 1_000, cpuMs: (user + system) / 1_000 };
  };
}

async function scaledOf(world: BenchWorld): Promise<number> {
  let scaled = 0;
  for (const name of world.names.slice(0, 200))
    if ((await world.store.fleet(name)).latest?.kind === 'scale') scaled += 1;
  return scaled / Math.min(200, world.names.length);
}

async function used(admin: Redis): Promise<number> {
  const info = await admin.info('memory');
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
  return field('used_memory') - field('mem_aof_buffer') - field('used_memory_vm_total');
}

async function redisCpu(admin: Redis): Promise<number> {
  const info = await admin.info('cpu');
  const field = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return (field('used_cpu_user') + field('used_cpu_sys')) * 1_000;
}

async function dropQueues(admin: Redis): Promise<void> {
  for await (const keys of admin.scanStream({ match: '{muster}*', count: 5_000 }))
    if ((keys as string[]).length > 0) await admin.del(...(keys as string[]));
}

async function inBatches<T>(items: T[], size: number, run: (item: T) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < items.length; from += size)
    await Promise.all(items.slice(from, from + size).map(run));
}

async function each(all: number[], run: (fleets: number) => Promise<Row>): Promise<Row[]> {
  const rows: Row[] = [];
  for (const fleets of all) rows.push(await run(fleets));
  return rows;
}

/** Ratios are against the row of 100 fleets: one decision alone measures the first run of everything. */
function show(title: string, rows: Row[]): void {
  const base = rows.find(({ fleets }) => fleets === 100) ?? rows[0];
  const table = rows.map((row) => ({
    fleets: row.fleets,
    seconds: round(row.seconds, 3),
    'decisions/s': Math.round(row.fleets / row.seconds),
    'CPU ms/decision': round(row.cpuMs / row.fleets, 3),
    'x of 100 fleets': base ? round(row.cpuMs / row.fleets / (base.cpuMs / base.fleets), 2) : null,
    ...(row.redisCpuMs === null ? {} : { 'Redis CPU ms/decision': round(row.redisCpuMs, 3) }),
    ...(row.bytes === null ? {} : { 'Redis bytes/fleet': Math.round(row.bytes) }),
    'share that scaled': round(row.scaled, 2),
  }));
  console.log(`\nevaluate, ${title}`);
  console.table(table);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
