import { Redis, type RedisOptions } from 'ioredis';
import { OutsideError } from '../../errors.js';
import type { Log } from '../../ports.js';

/** BullMQ's keys; the braces keep all of a queue's keys on one node of a Redis Cluster. */
export const PREFIX = '{muster}';

/** `url` as the store takes it: redis://, rediss://, unix:// or a socket's path. It may hold a password: never logged. */
export function openRedis(url: string, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const all = {
    replyMapping: 'legacy' as const,
    connectTimeout: 1_500,
    retryStrategy: pause,
    ...options,
  };
  if (url.startsWith('/')) return new Redis({ ...all, path: url });
  if (url.startsWith('unix:')) return new Redis({ ...all, path: new URL(url).pathname });
  return new Redis(url, all);
}

/**
 * For enqueueing: fails at once while Redis is away. BullMQ's own way is to wait for ever, which would hang a person's
 * command.
 */
export const openProducer = (url: string): Redis =>
  openRedis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
  });

/**
 * For workers: waits through an outage and goes on. BullMQ makes copies of it, one a worker, and may leave them
 * reconnecting for ever when it is closed while Redis is away; `endAll` ends them, too.
 */
export function openConsumer(url: string): { redis: Redis; endAll(): void } {
  let ended = false;
  const options = {
    maxRetriesPerRequest: null,
    // BullMQ may connect a copy again after it was ended: then this is its last try.
    retryStrategy: (times: number) => (ended ? null : pause(times)),
  };
  const all: Redis[] = [];
  const know = (redis: Redis): Redis => {
    all.push(redis);
    redis.on('connect', () => {
      if (ended) redis.disconnect();
    });
    return redis;
  };
  const redis = know(openRedis(url, options));
  const duplicate = redis.duplicate.bind(redis);
  redis.duplicate = ((override?: Partial<RedisOptions>) =>
    know(duplicate({ ...override, retryStrategy: options.retryStrategy }))) as typeof redis.duplicate;
  return {
    redis,
    endAll() {
      ended = true;
      for (const each of all) each.disconnect();
    },
  };
}

const pause = (times: number): number => Math.min(1_000, 25 * 2 ** Math.min(times, 6));

/** One line when Redis goes away and one when it is back. */
export function tellOutages(redis: Redis, log: Log): void {
  let away = false;
  redis.on('error', () => {
    if (!away) log.warn({ peer: 'redis' }, 'The queue lost Redis; reconnecting by itself');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info({ peer: 'redis' }, 'The queue has Redis again');
    away = false;
  });
}

/** The work's result, or an OutsideError after so long. What was sent may have been stored. */
export async function within<T>(ms: number, tried: string, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable(tried, 'timeout')), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (error) {
    if (error instanceof OutsideError) throw error;
    throw unavailable(tried, 'unreachable');
  } finally {
    clearTimeout(timer);
  }
}

export function unavailable(tried: string, why: 'timeout' | 'unreachable'): OutsideError {
  const detail =
    why === 'timeout'
      ? 'no answer in time; it may have been stored'
      : 'Redis cannot be reached; reconnecting by itself';
  return new OutsideError('redis', tried, detail, { class: 'retry', why });
}
