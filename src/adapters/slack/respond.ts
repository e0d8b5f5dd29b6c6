/** Answers through a response_url: at most five uses within thirty minutes, no token needed. */
import type { Log } from '../../ports.js';
import type { Rendered } from './render.js';

export interface Responded extends Partial<Rendered> {
  response_type?: 'ephemeral' | 'in_channel';
  replace_original?: boolean;
  delete_original?: boolean;
  /** Puts the answer into a thread. */
  thread_ts?: string;
}

export type Respond = (url: string, body: Responded) => Promise<boolean>;

/** Resolves after the time, machine milliseconds, or sooner when the bot stops. */
export type Pause = (ms: number) => Promise<void>;

/** Before each further attempt; Slack's own Retry-After goes before it. */
const PAUSES_MS = [1_000, 10_000, 60_000];
/** What may have arrived is tried once more only, so that nobody reads it four times. */
const TRIES_IF_UNSURE = 2;
const LONGEST_PAUSE_MS = 60_000;

interface Failure {
  problem: string;
  /** 'never': Slack will not take it. 'surely': it was not taken. */
  again: 'surely' | 'unsure' | 'never';
  waitMs: number | null;
}

/** False when it did not arrive; the reason is logged, the URL is not: it is a secret. */
export function createRespond(timeoutMs: number, log: Log, pause: Pause): Respond {
  return async (url, body) => {
    for (let attempt = 1; ; attempt += 1) {
      const failed = await send(url, body, timeoutMs);
      if (failed === null) return true;
      log.warn({ peer: 'slack', attempt, problem: failed.problem }, 'an answer did not reach Slack');
      const pauseMs = PAUSES_MS[attempt - 1];
      if (pauseMs === undefined || failed.again === 'never') return false;
      if (failed.again === 'unsure' && attempt >= TRIES_IF_UNSURE) return false;
      await pause(Math.min(LONGEST_PAUSE_MS, failed.waitMs ?? pauseMs));
    }
  };
}

async function send(url: string, body: Responded, timeoutMs: number): Promise<Failure | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.arrayBuffer();
    return response.ok ? null : refused(response.status, response.headers.get('retry-after'));
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      return { problem: 'no answer in time', again: 'unsure', waitMs: null };
    const code = (error as { cause?: { code?: string } }).cause?.code ?? '';
    return { problem: 'no connection', again: NEVER_LEFT.has(code) ? 'surely' : 'unsure', waitMs: null };
  }
}

const NEVER_LEFT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function refused(status: number, retryAfter: string | null): Failure {
  const problem = `HTTP ${status}`;
  if (status !== 429) return { problem, again: status < 500 ? 'never' : 'unsure', waitMs: null };
  const seconds = Number(retryAfter ?? '');
  return { problem, again: 'surely', waitMs: seconds > 0 ? seconds * 1_000 : null };
}
