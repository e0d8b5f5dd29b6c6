import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../errors.js';

export interface RedisChild {
  /** Path of the unix socket; it lies in a folder that only we may enter. */
  socket: string;
  pid: number;
  /** Resolves when the server is gone, for whatever reason. */
  exited: Promise<void>;
  /** Ends it in order: SIGTERM, after five seconds SIGKILL. */
  stop(): Promise<void>;
}

export const NO_REDIS =
  'No Redis found. Type `apt-get install redis-server` (or set REDIS_URL to a Redis that runs elsewhere).';

/** A path of more than 107 bytes names no socket: so much is left to the folder in which its own folder is made. */
const MOST_ROOT_BYTES = 64;
const READY_MS = 30_000;
const STOP_MS = 5_000;

/**
 * A redis-server or valkey-server of our own, its data (append-only file, synced each second) in `dir`. It ends with
 * its parent where setpriv is there; otherwise the next start on the same folder ends it. Throws an OperatorError when
 * there is no server to start or it does not start.
 */
export async function startRedisChild({ dir }: { dir: string }): Promise<RedisChild> {
  const server = ['redis-server', 'valkey-server'].find(isOnPath);
  if (server === undefined) throw new OperatorError('bad-configuration', NO_REDIS);
  const data = resolve(dir);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  await endPredecessor(data);
  const folder = mkdtempSync(join(socketRoot(), 'muster-redis-'));
  const socket = join(folder, 'redis.sock');
  const command = isOnPath('setpriv') ? ['setpriv', '--pdeathsig', 'TERM', server] : [server];
  const [program = server, ...before] = command;
  const child = spawn(program, [...before, ...settings(socket, data)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C in a terminal reaches a whole group: the server must outlive those that still write to it.
    detached: true,
  });
  const said = lastWords(child);
  const exited = new Promise<void>((gone) => child.once('exit', () => gone()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
    rmSync(mark(data), { force: true });
  };
  const pid = child.pid ?? 0;
  writeFileSync(mark(data), JSON.stringify({ pid, socket }), { mode: 0o600 });
  if (!(await answers(socket, child))) {
    await stop();
    throw new OperatorError('bad-configuration', `${server} did not start on ${data}: ${said()}`);
  }
  return { socket, pid, exited, stop };
}

/** Where a folder for a socket is made: not in the data folder, nor where TMPDIR is long. */
export const socketRoot = (): string => (Buffer.byteLength(tmpdir()) <= MOST_ROOT_BYTES ? tmpdir() : '/tmp');

const settings = (socket: string, data: string): string[] => [
  ...['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700', '--dir', data],
  ...['--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec', '--aof-load-truncated', 'yes'],
  ...['--maxmemory-policy', 'noeviction', '--daemonize', 'no', '--loglevel', 'warning'],
];

const isOnPath = (program: string): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;

const mark = (data: string): string => join(data, 'redis-child.json');

/**
 * The server of a Muster that was killed may still be writing to the same files: two at once would spoil them. Its
 * process is known by its number and by the socket in its title, so that no stranger is ended.
 */
async function endPredecessor(data: string): Promise<void> {
  const before = readMark(data);
  if (before === null) return;
  if (isThere(before)) signal(before.pid, 'SIGTERM');
  const deadline = Date.now() + STOP_MS;
  while (isThere(before) && Date.now() < deadline) await sleep(20);
  if (isThere(before)) signal(before.pid, 'SIGKILL');
  while (isThere(before)) await sleep(20);
  if (dirname(before.socket).startsWith(join(socketRoot(), 'muster-redis-')))
    rmSync(dirname(before.socket), { recursive: true, force: true });
  rmSync(mark(data), { force: true });
}

interface Mark {
  pid: number;
  socket: string;
}

function readMark(data: string): Mark | null {
  try {
    const found = JSON.parse(readFileSync(mark(data), 'utf8')) as Partial<Mark>;
    return typeof found.pid === 'number' && typeof found.socket === 'string'
      ? { pid: found.pid, socket: found.socket }
      : null;
  } catch {
    return null;
  }
}

/** A zombie has an empty title: it is gone. */
function isThere({ pid, socket }: Mark): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(socket);
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended meanwhile.
  }
}

async function answers(socket: string, child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + READY_MS;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    if (await pong(socket)) return true;
    await sleep(5);
  }
  return false;
}

function pong(socket: string): Promise<boolean> {
  return new Promise((done) => {
    const client = connect(socket);
    const end = (ok: boolean) => {
      client.destroy();
      done(ok);
    };
    client.setTimeout(1_000, () => end(false));
    client.once('connect', () => client.write('PING\r\n'));
    client.once('data', (data) => end(data.toString().startsWith('+PONG')));
    client.once('error', () => end(false));
  });
}

/** What the server said last, for the error's sentence. */
function lastWords(child: ChildProcess): () => string {
  let text = '';
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-500);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  child.once('error', (error) => keep(Buffer.from(error.message)));
  return () => text.trim().split('\n').at(-1) ?? '';
}
