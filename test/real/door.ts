/** A process's own way to Redis: when the process is killed, it is cut in the middle of whatever goes through it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { socketRoot } from '../../src/adapters/redis/child.js';

export interface Door {
  /** A unix socket that leads to Redis. */
  path: string;
  /** Nothing comes through any more, in neither direction. */
  cut(): void;
}

export async function openDoor(redis: string): Promise<Door> {
  const folder = mkdtempSync(join(socketRoot(), 'muster-door-'));
  const path = join(folder, 'redis.sock');
  const sockets = new Set<Socket>();
  const know = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((inside) => {
    const outside = connect(redis);
    know(inside);
    know(outside);
    inside.pipe(outside).pipe(inside);
    inside.on('close', () => outside.destroy());
    outside.on('close', () => inside.destroy());
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    path,
    cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
