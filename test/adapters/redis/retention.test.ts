import { equal, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { createRedisStore } from '../../../src/adapters/redis/store.js';
import type { OutboxRow, PagerEvent } from '../../../src/core/message.js';
import type { Store } from '../../../src/ports.js';
import { aFleetDay, CYCLE, MINUTE } from '../../support/fleet-day.js';
import { PATIENT, silentLog, startTestRedis, type TestRedis } from '../../support/redis.js';

const START = Date.UTC(2026, 0, 5);
const DAY = 24 * 60 * MINUTE;
const MOST_BYTES = 2 * 1024 * 1024;

let redis: TestRedis;
let admin: Redis;
before(async () => {
  redis = await startTestRedis();
  admin = new Redis({ path: redis.socket, replyMapping: 'legacy' });
});
after(async () => {
  admin.disconnect();
  await redis.stop();
});

test('after 90 days of 20-minute cycles and minute samples a fleet takes at most 2 MB', async (t) => {
  const store = await createRedisStore({ url: redis.socket, log: silentLog, ...PATIENT });
  t.after(() => store.close());
  // A day first, thrown away, so that what the server itself needs for the scripts is not counted.
  await live(store, 'warm-up', START, START + DAY);
  await admin.flushall();
  const empty = await used(admin);
  const end = START + 90 * DAY;
  const cycles = await live(store, 'face-match', START, end);
  const bytes = (await used(admin)) - empty;
  const keys = await sizes(admin);
  t.diagnostic(`${bytes} bytes a fleet after ${cycles} cycles, the whole audit among them`);
  for (const [key, size] of keys) t.diagnostic(`${key} ${size}`);
  ok(bytes <= MOST_BYTES, `${bytes} bytes`);
  equal((await store.decisions('face-match', 10_000)).length, cycles);
  const samples = await store.samples('face-match', end - 3 * DAY, end + DAY);
  ok(samples.length >= 3 * 24 * 60, `${samples.length} samples`);
  equal((await store.verifyAudit()).entries, cycles);
  equal((await store.verifyAudit()).ok, true);
});

/** Cycles from `from` to `end`, sent as fast as they go: the fleet knows what the store will expect of each write. */
async function live(store: Store, fleet: string, from: number, end: number): Promise<number> {
  const day = aFleetDay(fleet);
  let cycles = 0;
  for (let at = from + MINUTE; at <= end; at += CYCLE) {
    // Samples live three days: only the last six come every minute, so that the test takes seconds.
    const step = at > end - 6 * DAY ? MINUTE : CYCLE;
    const outcomes: Promise<string>[] = [];
    for (let minute = at; minute < at + CYCLE; minute += step) {
      const { sample, memory, expectRev } = day.minute(minute);
      outcomes.push(store.keepSample(fleet, sample, memory, expectRev));
    }
    const commit = day.cycle(at - MINUTE + CYCLE);
    outcomes.push(store.commitDecision(commit));
    ok((await Promise.all(outcomes)).every((outcome) => outcome === 'stored'));
    await announce(store, commit.outbox, commit.pager);
    cycles += 1;
  }
  return cycles;
}

async function announce(store: Store, rows: OutboxRow[], pager: PagerEvent[]): Promise<void> {
  for (const row of rows) await store.sent(row, { channel: row.channel, ts: String(row.at) }, 1);
  for (const event of pager) await store.sentPager(event);
}

/** All that the server has allocated, except what waits to be written to the append-only file. */
async function used(admin: Redis): Promise<number> {
  const info = await admin.info('memory');
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
  return field('used_memory') - field('mem_aof_buffer') - field('used_memory_vm_total');
}

async function sizes(admin: Redis): Promise<[string, number][]> {
  const found: [string, number][] = [];
  for (const key of await admin.keys('*'))
    found.push([key, Number(await admin.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'))]);
  return found.sort(([, a], [, b]) => b - a);
}
