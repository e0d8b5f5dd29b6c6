import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobHandler, Log } from '../../ports.js';
import { PREFIX } from './connection.js';
import type { Payload } from './producer.js';
import { type AnchoredClock, repeatOn } from './slots.js';

export interface Locks {
  lockMs: number;
  stalledMs: number;
}

/** A job whose worker died is taken up again this often; more means that it kills its worker. */
const MOST_CRASHES = 10;
const USUAL_ATTEMPTS = 3;
/** Until a job of a newer schema is offered again, to a newer replica perhaps. Machine time. */
const LEAVE_MS = 2_000;

/** Runs jobs of one queue. `run` gets BullMQ's job; everything else stays in this folder. */
export function startWorker(
  name: string,
  redis: Redis,
  options: { locks: Locks; concurrency: number; clock: AnchoredClock; log: Log },
  run: (job: Job, token: string) => Promise<void>,
): Worker {
  const { locks, concurrency, clock, log } = options;
  const worker = new PromptWorker(name, (job, token = '') => run(job, token), {
    connection: redis,
    prefix: PREFIX,
    concurrency,
    lockDuration: locks.lockMs,
    stalledInterval: locks.stalledMs,
    maxStalledCount: MOST_CRASHES,
    runRetryDelay: 500,
    settings: { repeatStrategy: repeatOn(clock) },
  });
  worker.on('error', (error) => {
    if (redis.status === 'ready') log.debug({ queue: name, error: error.message }, 'A worker had trouble');
  });
  worker.on('failed', (job, error) => {
    const fields = { job: name, id: job?.id, attempt: job?.attemptsMade, error: error.message };
    log.warn(fields, 'A job run failed');
  });
  worker.on('stalled', (id) => log.warn({ job: name, id }, 'A job lost its worker and runs again'));
  return worker;
}

/** After a failed command BullMQ rests for five seconds, which may be most of an hour of Muster time. */
class PromptWorker extends Worker {
  override delay(...[milliseconds = 300, controller]: Parameters<Worker['delay']>): Promise<void> {
    return super.delay(milliseconds, controller);
  }
}

/** The run of a handler: newest data, deadline, attempts of its kind. */
export function runHandler(name: string, handler: JobHandler, redis: Redis, running: Set<AbortController>) {
  return async (job: Job, token: string): Promise<void> => {
    const payload = await newestPayload(job, redis);
    if (payload.v > 1) return leave(job, token);
    try {
      await withDeadline(name, handler, payload, running);
    } catch (error) {
      const last = job.attemptsMade + 1 >= (handler.attempts ?? USUAL_ATTEMPTS);
      throw last && error instanceof Error ? new UnrecoverableError(error.message) : error;
    }
  };
}

export async function leave(job: Job, token: string): Promise<never> {
  await job.moveToDelayed(Date.now() + LEAVE_MS, token);
  throw new DelayedError();
}

async function newestPayload(job: Job, redis: Redis): Promise<Payload> {
  const payload = job.data as Payload;
  if (payload.newest === undefined) return payload;
  const newest = await redis.get(payload.newest);
  return newest === null ? payload : (JSON.parse(newest) as Payload);
}

/** The run ends by itself, by its deadline, or because somebody aborts its entry in `running`. */
async function withDeadline(
  name: string,
  handler: JobHandler,
  payload: Payload,
  running: Set<AbortController>,
): Promise<void> {
  const control = new AbortController();
  const { signal } = control;
  running.add(control);
  const late = new Error(`${name} took longer than ${handler.deadlineMs} ms`);
  const timer = setTimeout(() => control.abort(late), handler.deadlineMs);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([handler.run(payload.data, { signal, slot: payload.slot }), aborted]);
  } finally {
    clearTimeout(timer);
    running.delete(control);
  }
}
