/**
 * The sandbox's Redis: a real server as a child, its data in the world's folder, and the store the bots keep in it. The
 * bots know it by a door of the world's own (a link to the server's socket), so that they find it again when the server
 * died and was started anew.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type RedisChild, socketRoot, startRedisChild } from '../adapters/redis/child.js';
import { createRedisStore } from '../adapters/redis/store.js';
import type { Millis } from '../core/model.js';
import type { Log, StoreReader } from '../ports.js';

export interface WorldRedis {
  /** What the bots connect to. */
  door: string;
  pid(): number;
  /** False takes the door away, so that nobody gets in any more. */
  setDoor(isOpen: boolean): void;
  store: StoreReader;
  close(): Promise<void>;
}

const AGAIN_MS = 300;

/** `fresh` empties it first. Throws OperatorError with what to type when there is no redis-server on this machine. */
export async function openWorldRedis(
  folder: string,
  fresh: boolean,
  say: (line: string) => void,
): Promise<WorldRedis> {
  const dir = join(folder, 'redis');
  const doorFolder = newDoorFolder(folder);
  const door = join(doorFolder, 'redis.sock');
  let closing = false;
  let isOpen = true;
  let child = await start();

  async function start(): Promise<RedisChild> {
    const started = await startRedisChild({ dir });
    hang(started);
    void started.exited.then(again);
    return started;
  }
  function hang(server: RedisChild): void {
    rmSync(door, { force: true });
    if (isOpen) symlinkSync(server.socket, door);
  }
  async function again(): Promise<void> {
    if (closing) return;
    say('Redis ended by itself; it is started again.');
    await sleep(AGAIN_MS);
    if (closing) return;
    try {
      child = await start();
    } catch (error) {
      say(`Redis could not be started again: ${(error as Error).message}`);
    }
  }
  const close = async () => {
    closing = true;
    await child.stop();
    rmSync(doorFolder, { recursive: true, force: true });
  };

  try {
    if (fresh) await empty(door);
    const store = await createRedisStore({ url: door, log: quiet });
    return {
      door,
      pid: () => child.pid,
      setDoor: (open) => {
        isOpen = open;
        hang(child);
      },
      store,
      close: async () => {
        await store.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A fresh one, and the one that a killed world left behind is removed. */
function newDoorFolder(folder: string): string {
  const start = join(socketRoot(), 'muster-door-');
  const mark = join(folder, 'redis-door');
  const before = existsSync(mark) ? readFileSync(mark, 'utf8') : '';
  if (before.startsWith(start)) rmSync(before, { recursive: true, force: true });
  const made = mkdtempSync(start);
  writeFileSync(mark, made, { mode: 0o600 });
  return made;
}

/** The newest moment that a bot recorded anything of; 0 when it recorded nothing. */
export async function latestRecorded(store: Pick<StoreReader, 'fleet'>, fleets: string[]): Promise<Millis> {
  const states = await Promise.all(fleets.map((fleet) => store.fleet(fleet)));
  return Math.max(0, ...states.flatMap(({ memory, latest }) => [memory?.lastAt ?? 0, latest?.at ?? 0]));
}

async function empty(door: string): Promise<void> {
  const redis = new Redis(door, { maxRetriesPerRequest: 1 });
  try {
    await redis.flushall();
  } finally {
    redis.disconnect();
  }
}

/** The bots log Redis' outages; the world knows of them, for it makes them. */
const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
