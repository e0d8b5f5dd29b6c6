/** A real Nomad agent in development mode, on loopback, with room for four workers; null where `nomad` is not installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Agent {
  url: string;
  version: string;
  /** Raw requests, for what the adapter does not do. */
  api(
    method: string,
    path: string,
    body?: unknown,
    token?: string,
  ): Promise<{ status: number; body: unknown }>;
  stop(): Promise<void>;
}

export function nomadVersion(): string | null {
  const asked = spawnSync('nomad', ['version'], { encoding: 'utf8' });
  return asked.status === 0 ? (asked.stdout.split('\n')[0] ?? '') : null;
}

const WORKER_MB = 100;
const ROOM_MB = 4 * WORKER_MB + 50;

export async function startAgent(version: string, more: object = {}): Promise<Agent> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-nomad-'));
  const [http = 0, rpc = 0, serf = 0] = await Promise.all([freePort(), freePort(), freePort()]);
  const config = { ...configOf('a', { http, rpc, serf }), ...more };
  const end = await launch(folder, 0, config, ['-dev'], { PATH: process.env.PATH ?? '' });
  const url = `http://127.0.0.1:${http}`;
  const api = askOf(url);
  const stop = async () => {
    await end();
    await clearAway(folder);
  };
  try {
    // Health answers without a token, when server and client are both up.
    await until(async () => {
      const health = await api('GET', '/v1/agent/health').catch(() => null);
      return health?.status === 200;
    }, 'the agent is healthy');
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, version, api, stop };
}

/** A node with room for four workers. */
export function configOf(zone: string, ports: { http: number; rpc: number; serf: number }) {
  return {
    bind_addr: '127.0.0.1',
    advertise: { http: '127.0.0.1', rpc: '127.0.0.1', serf: '127.0.0.1' },
    ports,
    client: {
      memory_total_mb: ROOM_MB,
      // The network's fingerprint needs an interface that has an address.
      network_interface: 'lo',
      meta: { zone, fleet: 'face-match' },
      // No looking for a cloud's metadata server.
      options: { 'fingerprint.denylist': 'env_aws,env_gce,env_azure,env_digitalocean' },
    },
    plugin: [{ raw_exec: [{ config: [{ enabled: true }] }] }],
  };
}

/** Starts an agent; the answer ends it. */
export async function launch(
  folder: string,
  n: number,
  config: object,
  args: string[],
  env: Record<string, string>,
): Promise<() => Promise<void>> {
  const file = join(folder, `agent-${n}.json`);
  await writeFile(file, JSON.stringify(config));
  const child = spawn('nomad', ['agent', ...args, '-config', file], {
    stdio: 'ignore',
    env: { HOME: folder, TMPDIR: folder, ...env },
  });
  return () => ended(child);
}

export function askOf(url: string): Agent['api'] {
  return async (method, path, body, token) => {
    const init = {
      method,
      headers: token === undefined ? {} : { 'x-nomad-token': token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const answer = await fetch(`${url}${path}`, init);
    const text = await answer.text();
    return {
      status: answer.status,
      body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text,
    };
  };
}

export function aJob(id: string, count: number) {
  const second = 1e9;
  return {
    ID: id,
    Name: id,
    Type: 'service',
    Datacenters: ['dc1'],
    Constraints: [{ LTarget: `$${'{meta.zone}'}`, RTarget: 'a', Operand: '=' }],
    TaskGroups: [
      {
        Name: 'workers',
        Count: count,
        Scaling: { Min: 0, Max: 20, Enabled: true, Policy: {} },
        Update: {
          MaxParallel: 1,
          MinHealthyTime: second,
          HealthyDeadline: 20 * second,
          ProgressDeadline: 60 * second,
          HealthCheck: 'task_states',
        },
        EphemeralDisk: { SizeMB: 10, Sticky: true },
        Tasks: [
          {
            Name: 'worker',
            Driver: 'raw_exec',
            Config: { command: '/bin/sleep', args: ['100000'] },
            Resources: { CPU: 20, MemoryMB: WORKER_MB },
            KillTimeout: second,
            LogConfig: { MaxFiles: 1, MaxFileSizeMB: 1 },
          },
        ],
      },
    ],
  };
}

/** Polls a real process: there is no clock to move. */
export async function until(holds: () => Promise<boolean>, what: string, seconds = 60): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(timer);
}

/** What agents leave behind: tasks, the mounts of their secrets, files. */
export async function clearAway(folder: string): Promise<void> {
  await endTasks(folder);
  const mounts = (await readFile('/proc/mounts', 'utf8').catch(() => '')).split('\n');
  for (const line of mounts.reverse())
    if (line.includes(` ${folder}/`)) spawnSync('umount', [line.split(' ')[1] ?? '']);
  await rm(folder, { recursive: true, force: true });
}

/** A client that ends at once after its tasks may leave their executors: they carry the agent's folder in their environment. */
async function endTasks(folder: string): Promise<void> {
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const about = await Promise.all(
      ['environ', 'cmdline'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
    );
    if (!about.some((text) => text.includes(folder))) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
