/**
 * The bots of a world: the list of replicas that registered, and the one child that the world itself keeps running.
 *
 *   child:  starting -> running -> gone --(500 ms, or longer after crashes in a row)--> starting
 *
 * A child that a signal ended (a kill test) comes back at once; one that ends by itself again and again is given more
 * and more time, and the list says so.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, statSync } from 'node:fs';
import type { Millis } from '../core/model.js';
import { isRunning, processStart } from './save.js';

export interface BotSeen {
  url: string;
  pid: number;
}

export interface BotRegistry {
  /** A replica says that it lives; said again every few seconds. */
  register(bot: BotSeen): void;
  /** Those that live: the process is there and it was heard of lately. */
  list(): BotSeen[];
}

/** Machine time after which a silent replica is forgotten. */
const SILENCE_MS = 15_000;
const MOST_BOTS = 64;

export function createBotRegistry(machineNow: () => Millis = Date.now): BotRegistry {
  let bots: (BotSeen & { started: string | null; heardAt: Millis })[] = [];
  const live = () => {
    const now = machineNow();
    bots = bots.filter((bot) => now - bot.heardAt <= SILENCE_MS && isRunning(bot));
    return bots;
  };
  return {
    register: ({ url, pid }) => {
      const started = processStart(pid);
      const entry = { url, pid, started: started === 'unknown' ? null : started, heardAt: machineNow() };
      const known = bots.findIndex((bot) => bot.url === url || bot.pid === pid);
      if (known >= 0) bots[known] = entry;
      else if (bots.length < MOST_BOTS) bots.push(entry);
    },
    list: () => live().map(({ url, pid }) => ({ url, pid })),
  };
}

export interface ChildBot {
  /** What to know about it, a sentence; null while it runs as it should. */
  note(): string | null;
  pid(): number | null;
  /** Ends it for good: asked first, then forced after `patienceMs`. */
  stop(patienceMs: number): Promise<void>;
  /** Keeps its log file from growing without end. */
  trimLog(): void;
}

export interface ChildBotOptions {
  /** Node's arguments: the script and what follows. */
  command: string[];
  /** Its whole environment: nothing of the operator's shell gets in but what is named here. */
  env: Record<string, string>;
  logPath: string;
  say(line: string): void;
}

const RESTART_MS = 500;
const CRASHES_IN_A_ROW = 5;
const LONG_RESTART_MS = 10_000;
const LIVED_MS = 20_000;
const LOG_BYTES = 20_000_000;

export function startChildBot({ command, env, logPath, say }: ChildBotOptions): ChildBot {
  let child: ChildProcess | null = null;
  let again: NodeJS.Timeout | null = null;
  let crashes = 0;
  let note: string | null = null;
  let stopping = false;

  const launch = () => {
    again = null;
    const startedAt = Date.now();
    const log = openSync(logPath, 'a', 0o600);
    // Its standard input is a pipe that closes when this process is gone, however it ends: the bot ends then, too.
    const started = spawn(process.execPath, command, {
      env,
      stdio: ['pipe', log, log],
      // Ctrl-C in a terminal reaches a whole group: the world alone ends its bot, in its turn.
      detached: true,
    });
    closeSync(log);
    started.stdin?.on('error', () => {});
    child = started;
    let ended = false;
    const onEnd = (how: string, crashed: boolean) => {
      if (ended) return;
      ended = true;
      if (child === started) child = null;
      if (stopping) return;
      crashes = crashed && Date.now() - startedAt < LIVED_MS ? crashes + 1 : 0;
      const wait = crashes >= CRASHES_IN_A_ROW ? LONG_RESTART_MS : RESTART_MS;
      if (crashes >= CRASHES_IN_A_ROW) {
        note = `The bot ended by itself ${crashes} times in a row (${how}); the next try is in ${wait / 1_000} s. Its log: ${logPath}`;
        say(note);
      }
      again = setTimeout(launch, wait);
    };
    started.once('error', (error) => onEnd(error.message, true));
    started.once('exit', (code, signal) => {
      onEnd(signal === null ? `exit code ${code}` : `signal ${signal}`, signal === null);
    });
    setTimeout(() => {
      if (child === started) {
        note = null;
        crashes = 0;
      }
    }, LIVED_MS).unref();
  };

  launch();
  return {
    note: () => note,
    pid: () => child?.pid ?? null,
    stop: async (patienceMs) => {
      stopping = true;
      if (again !== null) clearTimeout(again);
      const last = child;
      if (last === null) return;
      const gone = new Promise<void>((resolve) => last.once('exit', () => resolve()));
      last.stdin?.end();
      last.kill('SIGTERM');
      const force = setTimeout(() => last.kill('SIGKILL'), patienceMs);
      await gone;
      clearTimeout(force);
    },
    trimLog: () => trim(logPath),
  };
}

function trim(path: string): void {
  try {
    if (statSync(path).size <= LOG_BYTES) return;
    const file = openSync(path, 'r+');
    ftruncateSync(file, 0);
    closeSync(file);
  } catch {
    // No log yet: nothing to trim.
  }
}
