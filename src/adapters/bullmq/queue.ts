import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobRunner, Log, Schedule } from '../../ports.js';
import { openConsumer, openProducer, tellOutages } from './connection.js';
import { createProducer, LATER, type Later, TICKS } from './producer.js';
import { applySchedules, type Tick } from './schedules.js';
import { type AnchoredClock, slotAt, toMuster } from './slots.js';
import { giveBack, type Locks, leave, type PromptWorker, runHandler, startWorker } from './worker.js';

export interface BullQueueOptions {
  url: string;
  /** Muster clock with its anchor; schedules and delays run on it. */
  clock: AnchoredClock;
  /** Machine time. */
  locks: Locks;
  log: Log;
  /** How long `close` lets running jobs finish; machine time, 5 s when absent. */
  graceMs?: number;
  /** How long an enqueue may take, machine time; 0.9 s when absent. */
  answerMs?: number;
}

/** A process that should not work for a while; what runs already ends by itself. */
export interface Resting {
  /** Takes no more jobs; before `work` too. */
  rest(): Promise<void>;
  goOn(): Promise<void>;
}

/**
 * Jobs over BullMQ. A schedule's tick, in a queue of its own, only enqueues its job with deduplication; each kind of
 * job has its own queue and worker, so that long ones keep nobody waiting. Any number of replicas may do the same.
 */
export function createBullQueue(options: BullQueueOptions): JobRunner & Resting {
  const { url, clock, locks, log, graceMs = 5_000, answerMs = 900 } = options;
  const producing = openProducer(url);
  tellOutages(producing, log);
  const producer = createProducer(producing, clock, answerMs);
  const consumer = openConsumer(url);
  const consuming = consumer.redis;
  consuming.on('error', () => {
    // Told once, on the producing connection.
  });
  const running = new Set<AbortController>();
  const workers: PromptWorker[] = [];
  let isResting = false;
  let begin: (() => void) | null = null;
  let healing: NodeJS.Timeout | undefined;
  let asked: string[] = [];
  /** Asked for by this process until lately, and not yet taken away. */
  let unwanted = new Set<string>();

  const start = (name: string, concurrency: number, run: (job: Job, token: string) => Promise<void>) =>
    workers.push(
      startWorker(name, consuming, { locks, concurrency, clock, log }, (job, token) =>
        // A worker that waited for a job when it was told to rest still takes that one.
        isResting ? giveBack(job, token) : run(job, token),
      ),
    );

  const tick = async (job: Job, token: string): Promise<void> => {
    const { v, job: wanted, data, dedupe, ...grid } = job.data as Tick;
    if (v > 1) return leave(job, token);
    const slot = slotAt(toMuster(clock, machineSlot(job)), grid);
    await producer.enqueueSlot(wanted, data, dedupe, slot);
  };
  const later = async (job: Job, token: string): Promise<void> => {
    const { v, job: wanted, data, dedupe } = job.data as Later;
    if (v > 1) return leave(job, token);
    await producer.enqueue(wanted, data, { dedupe });
  };

  return {
    queue: { enqueue: producer.enqueue },
    async schedule(all: Schedule[]) {
      clearInterval(healing);
      const ids = all.map(({ id }) => id);
      unwanted = new Set([...unwanted, ...asked].filter((id) => !ids.includes(id)));
      asked = ids;
      const healMs = locks.stalledMs * 5;
      const apply = async () => {
        const ticks = await producer.open(TICKS);
        await applySchedules(ticks, all, { redis: producing, clock, unwanted, orphanMs: 4 * healMs });
        unwanted = new Set();
      };
      // A scheduler that stopped (its tick could not set the next one) or kept an old anchor's time is set right, and
      // what Redis could not be told now is told then.
      healing = setInterval(() => {
        apply().catch((error: unknown) => log.debug({ error: String(error) }, 'Schedules not checked'));
      }, healMs);
      healing.unref();
      await whenReady(producing);
      await apply();
    },
    async work(handlers, { concurrency }) {
      begin = () => {
        begin = null;
        start(TICKS, 20, tick);
        start(LATER, 20, later);
        for (const [name, handler] of Object.entries(handlers))
          start(name, handler.concurrency ?? concurrency, runHandler(name, handler, consuming, running));
      };
      if (!isResting) begin();
    },
    async rest() {
      isResting = true;
      await Promise.all(workers.map((worker) => worker.pause(true)));
    },
    async goOn() {
      isResting = false;
      begin?.();
      for (const worker of workers) worker.resume();
    },
    async close() {
      clearInterval(healing);
      const done = Promise.all(workers.map((worker) => worker.close().catch(() => {})));
      if (!(await settles(done, graceMs))) {
        for (const control of running) control.abort(new Error('the process is ending'));
        await settles(done, 1_000);
      }
      await settles(producer.close(), 1_000);
      producing.disconnect();
      consumer.endAll();
      for (const worker of workers) worker.abandon();
    },
  };
}

/** When the tick was due, machine time: the last part of the id that BullMQ gives it, 'repeat:<scheduler>:<time>'. */
function machineSlot(job: Job): number {
  const due = Number(job.id?.slice(job.id.lastIndexOf(':') + 1));
  if (!(due > 0)) throw new Error(`a tick without its time: ${job.id}`);
  return due;
}

/** True when it settled within the time. */
async function settles(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const done = work.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([done, late]);
  clearTimeout(timer);
  return result;
}

async function whenReady(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return;
  await settles(new Promise((resolve) => redis.once('ready', resolve)), 5_000);
}
