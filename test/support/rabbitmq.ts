/**
 * A real RabbitMQ of one's own: Debian's, as the current user, on loopback, in a fresh folder, ended by its handle.
 * It takes about ten seconds to be ready.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Not /usr/sbin's wrapper: that one changes the user. */
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const READY_MS = 300_000;

export interface TestRabbitmq {
  /** amqp://… */
  amqpUrl: string;
  /** http://… of the management API. */
  managementUrl: string;
  user: string;
  password: string;
  stop(): Promise<void>;
}

export const hasRabbitmq = (): boolean => existsSync(SERVER);

export async function startRabbitmq(): Promise<TestRabbitmq> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-rabbitmq-'));
  const [amqp = 0, management = 0, distribution = 0, epmd = 0] = await freePorts(4);
  await writeFiles(folder, { amqp, management });
  // Erlang would leave its port mapper running for ever; one that is there already it uses, and this one ends by its handle.
  const mapper = spawn('epmd', ['-port', String(epmd), '-address', '127.0.0.1'], { stdio: 'ignore' });
  const server = spawn(SERVER, [], {
    // A process group of its own: the script and the Erlang machine end together.
    detached: true,
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      HOME: join(folder, 'home'),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      ERL_EPMD_PORT: String(epmd),
      RABBITMQ_NODENAME: `muster${management}@localhost`,
      RABBITMQ_NODE_PORT: String(amqp),
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_CONF_ENV_FILE: '/dev/null',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none',
    },
  });
  const stop = async (): Promise<void> => {
    await end(server);
    await endOne(mapper);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const rabbitmq = {
    amqpUrl: `amqp://guest:guest@127.0.0.1:${amqp}`,
    managementUrl: `http://127.0.0.1:${management}`,
    user: 'guest',
    password: 'guest',
    stop,
  };
  try {
    await untilReady(server, rabbitmq.managementUrl);
    return rabbitmq;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function writeFiles(folder: string, ports: { amqp: number; management: number }): Promise<void> {
  await mkdir(join(folder, 'home'));
  await writeFile(join(folder, 'home/.erlang.cookie'), 'MUSTERTESTCOOKIE', { mode: 0o600 });
  await writeFile(join(folder, 'enabled_plugins'), '[rabbitmq_management].\n');
  await writeFile(
    join(folder, 'rabbitmq.conf'),
    [
      `listeners.tcp.local = 127.0.0.1:${ports.amqp}`,
      'management.tcp.ip = 127.0.0.1',
      `management.tcp.port = ${ports.management}`,
      'loopback_users = none',
      'vm_memory_high_watermark.absolute = 512MiB',
      'disk_free_limit.absolute = 50MB',
      '',
    ].join('\n'),
  );
}

async function untilReady(server: ChildProcess, url: string): Promise<void> {
  const until = Date.now() + READY_MS;
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  while (Date.now() < until) {
    if (server.exitCode !== null) throw new Error(`rabbitmq-server ended with ${server.exitCode}`);
    const answer = await fetch(`${url}/api/overview`, { headers: { authorization } }).catch(() => null);
    await answer?.text();
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`rabbitmq-server was not ready within ${READY_MS / 1_000} s`);
}

/** Killed at once, the whole group: an orderly end takes five seconds, and nothing of it is kept. */
async function end(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null) return;
  const ended = new Promise((resolve) => server.once('exit', resolve));
  try {
    process.kill(-server.pid, 'SIGKILL');
  } catch {
    // The group is gone already.
  }
  await ended;
}

async function endOne(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/**
 * Below those that the system hands out: RabbitMQ takes them seconds later, and until then no connection and no server of
 * another test is given one. Processes begin at numbers of their own.
 */
async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let port = 10_000 + ((process.pid * 8) % 20_000); ports.length < count; port += 1)
    if (await isFree(port)) ports.push(port);
  return ports;
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
