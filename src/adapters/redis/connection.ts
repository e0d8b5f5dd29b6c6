import { createHash } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import { OutsideError } from '../../errors.js';
import type { Log } from '../../ports.js';
import { redisError } from './errors.js';
import { PREFIX } from './keys.js';

/** A Lua script and its digest, made once. */
export interface Script {
  name: string;
  lua: string;
  sha: string;
}

export function defineScript(name: string, lua: string): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}

/** One connection, as the store's parts see it. Everything throws an OutsideError and nothing else. */
export interface Link {
  /** Runs a script as one transaction; strings come back as strings. */
  run(script: Script, tried: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  /** The same with raw bytes coming back, for packed values. */
  runRaw(script: Script, tried: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  ping(): Promise<void>;
  /** Redis's own clock, milliseconds. */
  time(): Promise<number>;
  close(): Promise<void>;
  readonly log: Log;
  /** Names of the logs that this process packs at the moment. */
  readonly packing: Set<string>;
}

const CONNECT_TIMEOUT_MS = 1_500;

/**
 * Waits for the first connection, at most `firstMs`; after that it reconnects by itself for ever. A command without an
 * answer after `answerMs` has failed: it may or may not have been carried out. Machine time.
 */
export async function connect(
  url: string,
  log: Log,
  { firstMs, answerMs }: { firstMs: number; answerMs: number },
): Promise<Link> {
  const redis = openRedis(url, {
    // Commands fail at once while Redis is away: a queue of them would hang the caller and then arrive too late.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: answerMs,
  });
  tellOutages(redis, log);
  await ready(redis, firstMs);
  const call = async (raw: boolean, script: Script, tried: string, args: (string | Buffer | number)[]) => {
    try {
      return await evaluate(redis, raw, script, args);
    } catch (error) {
      throw redisError(tried, error);
    }
  };
  return {
    log,
    packing: new Set(),
    run: (script, tried, ...args) => call(false, script, tried, args),
    runRaw: (script, tried, ...args) => call(true, script, tried, args),
    async ping() {
      await redis.ping().catch((error: unknown) => {
        throw redisError('ping', error);
      });
    },
    async time() {
      try {
        return millisOf(await redis.time());
      } catch (error) {
        throw redisError('ask the time', error);
      }
    },
    async close() {
      redis.disconnect();
    },
  };
}

/** Of TIME's answer: seconds and microseconds. */
export const millisOf = ([seconds, micros]: (number | string)[]): number =>
  Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);

/** `url` is redis://, rediss://, unix:// or the path of a unix socket. It may hold a password: it is never logged. */
export function openRedis(url: string, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const all = {
    replyMapping: 'legacy' as const,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (times: number) => Math.min(1_000, 25 * 2 ** Math.min(times, 6)),
    ...options,
  };
  if (url.startsWith('/')) return new Redis({ ...all, path: url });
  if (url.startsWith('unix:')) return new Redis({ ...all, path: new URL(url).pathname });
  return new Redis(url, all);
}

/** One line when Redis goes away and one when it is back, however often the connection fails in between. */
export function tellOutages(redis: Redis, log: Log): void {
  let away = false;
  redis.on('error', (error: unknown) => {
    if (away) return;
    away = true;
    const { why, message } = redisError('keep the connection', error);
    log.warn({ peer: 'redis', why }, message);
  });
  redis.on('ready', () => {
    if (away) log.info({ peer: 'redis' }, 'Redis is back');
    away = false;
  });
}

async function evaluate(redis: Redis, raw: boolean, script: Script, args: (string | Buffer | number)[]) {
  try {
    const given = [script.sha, '1', PREFIX, ...args];
    return raw ? await redis.callBuffer('EVALSHA', given) : await redis.call('EVALSHA', given);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    const given = [script.lua, '1', PREFIX, ...args];
    return raw ? redis.callBuffer('EVAL', given) : redis.call('EVAL', given);
  }
}

async function ready(redis: Redis, firstMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  let last: unknown = new Error('timed out');
  const note = (error: unknown) => {
    last = error;
  };
  redis.on('error', note);
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('late')), firstMs);
      const refused = (error: unknown) => {
        if (redisError('connect', error).class !== 'human') return;
        clearTimeout(timer);
        reject(new Error('refused'));
      };
      redis.on('error', refused);
      redis.once('ready', () => {
        clearTimeout(timer);
        redis.off('error', refused);
        resolve();
      });
    });
  } catch {
    redis.disconnect();
    const { why, class: kind, message } = redisError('connect', last);
    const detail = message.slice(message.indexOf(': ') + 2);
    throw new OutsideError('redis', 'connect', detail, { class: kind, why });
  } finally {
    redis.off('error', note);
  }
}
