/**
 * A bot's side of the sandbox: take addresses, secrets and the clock from the world, and tell it where this replica
 * listens, again and again. When the world is gone for good, the bot ends: nothing is left running behind it.
 */
import type { Config } from '../config.js';
import { OperatorError } from '../errors.js';
import type { Anchor } from './sandbox-clock.js';

const BEAT_MS = 2_000;
const GONE_MS = 10_000;
const ANSWER_MS = 3_000;

interface Answer {
  /** Names one run of the world. */
  world: string;
  clock: Anchor;
}

export async function configFromWorld(world: string): Promise<Config> {
  const base = checkWorld(world);
  try {
    const { config } = (await ask(`${base}/_sandbox/replica`)) as { config: Config };
    return config;
  } catch (error) {
    throw new OperatorError(
      'bad-input',
      `No sandbox answers at ${base} (${(error as Error).message}). Start one with npm start, or check --world.`,
    );
  }
}

/** Registers until `stop`; calls `gone` once when the world has not answered for ten seconds, or is another one. */
export function stayRegistered(
  world: string,
  url: string,
  follow: (anchor: Anchor) => void,
  gone: () => void,
): { stop(): void } {
  const base = checkWorld(world);
  let heardAt = Date.now();
  let stopped = false;
  let known: string | null = null;
  const beat = async (): Promise<void> => {
    try {
      const answer = (await ask(`${base}/_sandbox/bots`, { url, pid: process.pid })) as Answer;
      heardAt = Date.now();
      known ??= answer.world;
      // A world that was started anew has other addresses and secrets: those of this bot lead nowhere.
      if (answer.world !== known && !stopped) {
        stopped = true;
        gone();
      }
      follow(answer.clock);
    } catch {
      if (Date.now() - heardAt > GONE_MS && !stopped) {
        stopped = true;
        gone();
      }
    }
  };
  void beat();
  const timer = setInterval(() => void beat(), BEAT_MS);
  return {
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}

async function ask(url: string, body?: object): Promise<unknown> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(ANSWER_MS),
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return response.json();
}

function checkWorld(world: string): string {
  const url = URL.canParse(world) ? new URL(world) : null;
  if (url?.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname))
    return url.origin;
  throw new OperatorError(
    'bad-input',
    `--world must be a loopback address such as http://127.0.0.1:3000, not "${world}".`,
  );
}
