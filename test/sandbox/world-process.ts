/** Starts a world as a process of its own and talks to its control interface; `end` and `kill` stop it by its handle. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Ends what would hang for ever; no claim about speed. */
const PATIENCE_MS = 600_000;

export interface WorldProcess {
  url: string;
  pid: number;
  output(): string;
  get<T>(path: string): Promise<T>;
  ask<T>(method: string, path: string, body?: unknown): Promise<{ status: number; json: T }>;
  /** SIGTERM; gives the exit code: null when a signal had to end it. */
  end(): Promise<number | null>;
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
  const url = await until('the banner of the world', () => {
    if (child.exitCode !== null) throw new Error(`the world ended: ${output()}`);
    return /Open +(http:\S+)/.exec(output())?.[1];
  });
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
      child.kill('SIGTERM');
      await gone;
      return child.exitCode;
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
  const force = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  await once(child, 'close');
  clearTimeout(force);
  return { code: child.exitCode, output: output() };
}

/** Polls until it gives something; fails by name when it never does. */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; ) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
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
