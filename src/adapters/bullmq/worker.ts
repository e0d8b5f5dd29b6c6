import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, type Job, UnrecoverableError, WaitingError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { JobHandler, Log } from '../../ports.js';
import { PREFIX } from './connection.js';
import { NEWEST_MS, type Payload } from './producer.js';
import { type AnchoredClock, repeatOn } from './slots.js';

export interface Locks {
  lockMs: number;
  stalledMs: number;
}

/** A job whose worker died is taken up again this often; more means that it kills its worker. */
const MOST_CRASHES = 10;
const USUAL_ATTEMPTS = 3;
/** Share of a deadline after which a run goes on without the peers that have not answered. */
const SOON = 0.6;
/** Machine time. */
const MOST_REST_MS = 5_000;
const RETRY_MS = 500;
/** Until a job of a newer schema is offered again, to a newer replica perhaps. Machine time. */
const LEAVE_MS = 2_000;

/** Runs jobs of one queue. `run` gets BullMQ's job; everything else stays in this folder. */
export function startWorker(
  name: string,
  redis: Redis,
  options: { locks: Locks; concurrency: number; clock: AnchoredClock; log: Log },
  run: (job: Job, token: string) => Promise<void>,
): PromptWorker {
  const { locks, concurrency, clock, log } = options;
  const worker = new PromptWorker(name, (job, token = '') => run(job, token), {
    connection: redis,
    prefix: PREFIX,
    concurrency,
    lockDuration: locks.lockMs,
    stalledInterval: locks.stalledMs,
    maxStalledCount: MOST_CRASHES,
    runRetryDelay: RETRY_MS,
    // A worker that was woken and then failed finds the job it was woken for after this many seconds.
    drainDelay: Math.min(MOST_REST_MS, locks.stalledMs) / 1_000,
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

/**
 * BullMQ rests for five seconds after a failed look for stalled jobs, and waits up to ten for a wake-up that a failed
 * command may have used up: either may be most of an hour of Muster time. When Redis refuses to hand out a job that waits,
 * it asks again without any rest, some ten thousand times a second.
 */
export class PromptWorker extends Worker {
  private readonly ending = new AbortController();

  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      await sleep(RETRY_MS, undefined, { signal: this.ending.signal }).catch(() => {});
      throw error;
    }
  }

  override close(force?: boolean): Promise<void> {
    this.ending.abort();
    return super.close(force);
  }

  protected override checkConnectionError<T>(command: () => Promise<T>): Promise<T | undefined> {
    return super.checkConnectionError(command, this.restMs);
  }

  override get maximumBlockTimeout(): number {
    return this.restMs / 1_000;
  }

  /** For a close that does not end: nothing of this worker keeps the process alive any more. */
  abandon(): void {
    this.lockManager.close().catch(() => {});
  }

  private get restMs(): number {
    return Math.min(MOST_REST_MS, this.opts.stalledInterval ?? MOST_REST_MS);
  }
}

/** The run of a handler: newest data, deadline, attempts of its kind. */
export function runHandler(name: string, handler: JobHandler, redis: Redis, running: Set<AbortController>) {
  return async (job: Job, token: string): Promise<void> => {
    const own = job.data as Payload;
    const payload = await newestPayload(own, redis);
    if (payload === null) return;
    if (payload.v > 1) return leave(job, token);
    try {
      await withDeadline(name, handler, payload, running);
    } catch (error) {
      const last = job.attemptsMade + 1 >= (handler.attempts ?? USUAL_ATTEMPTS);
      throw last && error instanceof Error ? new UnrecoverableError(error.message) : error;
    }
    // Data that arrived between our start and our reading it also made a job of its own, which has nothing left to do.
    if (own.newest !== undefined && payload.stamp !== own.stamp)
      await redis.set(ranKey(own.newest), payload.stamp ?? '', 'PX', NEWEST_MS);
  };
}

export async function leave(job: Job, token: string): Promise<never> {
  await job.moveToDelayed(Date.now() + LEAVE_MS, token);
  throw new DelayedError();
}

/** As if it had never been taken: the next worker has it at once. */
export async function giveBack(job: Job, token: string): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

/** Null: the newest data were run already. */
async function newestPayload(own: Payload, redis: Redis): Promise<Payload | null> {
  if (own.newest === undefined) return own;
  const [newest, ran] = await redis.mget(own.newest, ranKey(own.newest));
  const payload = newest == null ? own : (JSON.parse(newest) as Payload);
  return payload.stamp !== undefined && payload.stamp === ran ? null : payload;
}

const ranKey = (newest: string): string => `${newest}.ran`;

/** The run ends by itself, by its deadline, or because somebody aborts its entry in `running`. */
async function withDeadline(
  name: string,
  handler: JobHandler,
  payload: Payload,
  running: Set<AbortController>,
): Promise<void> {
  const control = new AbortController();
  const { signal } = control;
  const soon = AbortSignal.timeout(handler.deadlineMs * SOON);
  running.add(control);
  const late = new Error(`${name} took longer than ${handler.deadlineMs} ms`);
  const timer = setTimeout(() => control.abort(late), handler.deadlineMs);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  try {
    await Promise.race([handler.run(payload.data, { signal, soon, slot: payload.slot }), aborted]);
  } finally {
    clearTimeout(timer);
    running.delete(control);
  }
}
