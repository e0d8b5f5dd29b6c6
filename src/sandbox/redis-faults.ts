/**
 * Faults of Redis, which is no stand-in but a real server: its process is stopped, its door taken away, or its writes
 * refused. The data stay whole, and everything is undone when the fault ends.
 *   down   connections are cut and the door is gone        slow   the process stands still
 *   error  writes are refused (not enough replicas), reads answer
 */
import { Redis } from 'ioredis';
import type { FaultKind } from './context.js';
import type { WorldRedis } from './world-redis.js';

type RedisFault = 'down' | 'slow' | 'error';

export interface RedisFaults {
  /** Makes Redis be so; null: well. Repeating it is harmless. */
  set(kind: FaultKind | null): Promise<void>;
  close(): Promise<void>;
}

export function createRedisFaults(server: Pick<WorldRedis, 'door' | 'pid' | 'setDoor'>): RedisFaults {
  // One connection of its own, opened while all is well: it outlives the cut and is never queued behind a fault.
  const admin = new Redis(server.door, { maxRetriesPerRequest: 0, enableReadyCheck: false });
  admin.on('error', () => {});
  let current: RedisFault | null = null;
  let turn: Promise<void> = Promise.resolve();

  const begin = async (kind: RedisFault): Promise<void> => {
    if (kind === 'slow') process.kill(server.pid(), 'SIGSTOP');
    else if (kind === 'error') await admin.config('SET', 'min-replicas-to-write', '1');
    else {
      await admin.ping();
      server.setDoor(false);
      await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'YES');
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
  };
  const end = async (kind: RedisFault): Promise<void> => {
    if (kind === 'slow') process.kill(server.pid(), 'SIGCONT');
    else if (kind === 'error') await admin.config('SET', 'min-replicas-to-write', '0');
    else server.setDoor(true);
  };
  const change = async (wanted: RedisFault | null): Promise<void> => {
    if (wanted === current) return;
    if (current !== null) {
      const ended = current;
      current = null;
      await end(ended);
    }
    if (wanted !== null) {
      await begin(wanted);
      current = wanted;
    }
  };

  return {
    set: (kind) => {
      const wanted = isRedisFault(kind) ? kind : null;
      turn = turn.catch(() => {}).then(() => change(wanted));
      return turn;
    },
    close: async () => {
      await turn.catch(() => {});
      await change(null).catch(() => {});
      admin.disconnect();
    },
  };
}

const isRedisFault = (kind: FaultKind | null): kind is RedisFault =>
  kind === 'down' || kind === 'slow' || kind === 'error';
