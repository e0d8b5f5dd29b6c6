/** Starts a world as a process of its own and talks to its control interface; `end` and `kill` stop it by its handle. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface WorldProcess {
  url: string;
  pid: number;
  output(): string;
  get<T>(path: string): Promise<T>;
  ask<T>(method: string, path: string, body?: unknown): Promise<{ status: number; json: T }>;
  /** SIGTERM; gives the exit code and how long it took. */
  end(): Promise<{ code: number | null; ms: number }>;
  kill(): Promise<void>;
}

export interface WorldProcessOptions {
  /** What stands in for the bot; null: `muster start` with the real one. */
  bot?: string | null;
  env?: Record<string, string>;
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
export const stubBot = here('./stub-bot.js');

export async function startWorldProcess(
  argv: string[],
  options: WorldProcessOptions = {},
): Promise<WorldProcess> {
  const { child, output } = spawnWorld(argv, options);
  const url = await until(
    'the banner of the world',
    () => {
      if (child.exitCode !== null) throw new Error(`the world ended: ${output()}`);
      return /Open +(http:\S+)/.exec(output())?.[1];
    },
    15_000,
  );
  const gone = once(child, 'exit');
  const ask = async <T>(method: string, path: string, body?: unknown) => {
    const response = await fetch(url + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, json: (await response.json()) as T };
  };
  return {
    url,
    pid: child.pid ?? 0,
    output,
    ask,
    get: async <T>(path: string) => (await ask<T>('GET', path)).json,
    end: async () => {
      const startedAt = Date.now();
      child.kill('SIGTERM');
      await gone;
      return { code: child.exitCode, ms: Date.now() - startedAt };
    },
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** A world that is expected to end by itself: its exit code and all it said. */
export async function runWorldProcess(argv: string[]): Promise<{ code: number | null; output: string }> {
  const { child, output } = spawnWorld(argv, { bot: stubBot });
  const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await once(child, 'close');
  clearTimeout(force);
  return { code: child.exitCode, output: output() };
}

/** Polls until it gives something; fails by name when it does not within the time. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  ms = 10_000,
): Promise<T> {
  for (const deadline = Date.now() + ms; Date.now() < deadline; ) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error(`not within ${ms} ms: ${what}`);
}

function spawnWorld(
  argv: string[],
  { bot = stubBot, env = {} }: WorldProcessOptions,
): { child: ChildProcess; output: () => string } {
  const command =
    bot === null
      ? [here('../../src/cli.js'), 'start', ...argv]
      : [here('./run-world.js'), ...argv, '--bot', bot];
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let said = '';
  const hear = (chunk: Buffer) => {
    said += chunk.toString();
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  return { child, output: () => said };
}
