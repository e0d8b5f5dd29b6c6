import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { socketRoot } from '../../src/adapters/redis/child.js';

/** Ends what would hang for ever; no claim about speed. */
const PATIENCE_MS = 120_000;

export interface TestRedis {
  socket: string;
  /** The same server after a crash (kill -9) or a stop, on the same data. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Stops answering without closing connections, and goes on. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** A real redis-server on a unix socket in a fresh folder that only we may enter (mkdtemp makes it 0700). */
export async function startTestRedis(): Promise<TestRedis> {
  const dir = await mkdtemp(join(socketRoot(), 'muster-redis-'));
  const socket = join(dir, 'r.sock');
  let child: ChildProcess | null = null;
  const start = async () => {
    child = spawn('redis-server', [...ARGUMENTS, '--unixsocket', socket, '--dir', dir], { stdio: 'ignore' });
    await answering(socket);
  };
  const end = async (signal: NodeJS.Signals) => {
    const running = child;
    child = null;
    if (running === null || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await gone;
  };
  await start();
  return {
    socket,
    start,
    kill: () => end('SIGKILL'),
    freeze: () => child?.kill('SIGSTOP'),
    thaw: () => child?.kill('SIGCONT'),
    async stop() {
      await end('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const ARGUMENTS = [
  ...[
    '--port',
    '0',
    '--unixsocketperm',
    '700',
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
  ],
  ...['--maxmemory-policy', 'noeviction', '--daemonize', 'no', '--loglevel', 'warning'],
];

async function answering(socket: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await pong(socket))) {
    if (Date.now() > deadline) throw new Error(`redis-server did not start within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function pong(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = connect(socket);
    const end = (ok: boolean) => {
      client.destroy();
      resolve(ok);
    };
    client.once('connect', () => client.write('PING\r\n'));
    client.once('data', (data) => end(data.toString().startsWith('+PONG')));
    client.once('error', () => end(false));
  });
}

/** Polls until the condition holds; fails by name when it never does. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A store and a queue that do not give up though the machine stands still for a while. */
export const PATIENT = { firstConnectionMs: PATIENCE_MS, answerMs: PATIENCE_MS };

export const silentLog = { debug() {}, info() {}, warn() {}, error() {} };
