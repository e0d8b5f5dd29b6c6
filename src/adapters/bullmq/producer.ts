import { randomUUID } from 'node:crypto';
import { Queue as BullQueue, type JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Millis } from '../../core/model.js';
import type { Queue } from '../../ports.js';
import { PREFIX, unavailable, within } from './connection.js';
import { type AnchoredClock, repeatOn } from './slots.js';

/** What a job carries. A newer `v` is left for a newer replica. */
export interface Payload {
  v: 1;
  data: unknown;
  /** Nominal Muster time of a scheduled run. */
  slot: Millis | null;
  /** Where the newest data of a deduplicated job is; `data` is what it was when enqueued. */
  newest?: string;
  /** Tells one deduplicated enqueue from the next. */
  stamp?: string;
}

/** A run that waits for its time and then enqueues `job` with deduplication. */
export interface Later {
  v: 1;
  job: string;
  dedupe: string;
  data: unknown;
}

/** One queue per kind of job, so that no kind keeps another waiting; and two of our own. */
export const TICKS = 'tick';
export const LATER = 'later';

/** Newest data lives as long as the job may: a day of machine time. */
export const NEWEST_MS = 86_400_000;

export interface Producer extends Queue {
  enqueueSlot(job: string, data: unknown, dedupe: string | null, slot: Millis): Promise<void>;
  /** The queue by its name, ready; throws at once while Redis is away. */
  open(name: string): Promise<BullQueue>;
  close(): Promise<void>;
}

/** A process that has just begun, a shell's command say, waits for its connection, or until it is known to fail. */
const firstContact = (redis: Redis, longestMs: number): Promise<void> =>
  redis.status === 'ready'
    ? Promise.resolve()
    : new Promise((resolve) => {
        redis.once('ready', resolve);
        redis.once('close', resolve);
        setTimeout(resolve, longestMs).unref();
      });

/** An enqueue, all its steps together, may take `answerMs` of machine time. */
export function createProducer(redis: Redis, clock: AnchoredClock, answerMs: number): Producer {
  const queues = new Map<string, Promise<BullQueue>>();
  const begun = firstContact(redis, answerMs);
  const open = async (name: string): Promise<BullQueue> => {
    await begun;
    if (redis.status !== 'ready') throw unavailable(`open queue ${name}`, 'unreachable');
    const known = queues.get(name) ?? openQueue(name, redis, clock);
    queues.set(name, known);
    try {
      return await known;
    } catch (error) {
      queues.delete(name);
      throw error;
    }
  };
  const put = async (job: string, data: unknown, dedupe: string | undefined, slot: Millis | null) => {
    const queue = await open(job);
    const payload: Payload = { v: 1, data, slot };
    if (dedupe === undefined) {
      await queue.add(job, payload, KEEP);
      return;
    }
    // BullMQ keeps the data of the job that waits already; so the newest data is put beside it, first.
    const newest = `${PREFIX}.newest.${job}.${dedupe}`;
    const stamped: Payload = { ...payload, stamp: randomUUID() };
    await redis.set(newest, JSON.stringify(stamped), 'PX', NEWEST_MS);
    const deduplication = { id: dedupe, keepLastIfActive: true };
    await queue.add(job, { ...stamped, newest }, { ...KEEP, deduplication });
  };
  const putLater = async (job: string, data: unknown, dedupe: string, delay: number) => {
    const queue = await open(LATER);
    const id = `${job}/${dedupe}`;
    const later: Later = { v: 1, job, dedupe, data };
    const waiting = await queue.getDeduplicationJobId(id);
    const other = waiting === null ? undefined : await queue.getJob(waiting);
    const sooner = other === undefined || Date.now() + delay < other.timestamp + other.delay;
    const deduplication = { id, keepLastIfActive: true, replace: sooner };
    await queue.add(job, later, { ...KEEP, delay, deduplication });
  };
  return {
    open,
    enqueue: (job, data, options = {}) => {
      const { dedupe, delayMs = 0 } = options;
      const delay = Math.ceil(Math.max(0, delayMs) / clock.speed);
      return within(answerMs, `enqueue ${job}`, async () => {
        if (delay === 0) await put(job, data, dedupe, null);
        else if (dedupe !== undefined) await putLater(job, data, dedupe, delay);
        else await (await open(job)).add(job, { v: 1, data, slot: null }, { ...KEEP, delay });
      });
    },
    enqueueSlot: (job, data, dedupe, slot) =>
      within(answerMs, `enqueue ${job}`, () => put(job, data, dedupe ?? undefined, slot)),
    async close() {
      for (const queue of queues.values()) await queue.then((open) => open.close()).catch(() => {});
    },
  };
}

/**
 * Attempts are counted by the worker, by kind; this is the most. Ids are BullMQ's running numbers, never reused, so few
 * finished jobs need to stay.
 */
export const KEEP: JobsOptions = {
  attempts: 10,
  backoff: { type: 'exponential', delay: 500, jitter: 0.5 },
  removeOnComplete: { count: 50, age: 3_600 },
  removeOnFail: { count: 200, age: 86_400 },
};

async function openQueue(name: string, redis: Redis, clock: AnchoredClock): Promise<BullQueue> {
  const settings = { repeatStrategy: repeatOn(clock) };
  // Nobody reads the queues' event streams; BullMQ would keep the last ten thousand of each.
  const streams = { events: { maxLen: 100 } };
  const queue = new BullQueue(name, { connection: redis, prefix: PREFIX, settings, streams });
  queue.on('error', () => {
    // Told once, on the connection.
  });
  await queue.waitUntilReady();
  return queue;
}
