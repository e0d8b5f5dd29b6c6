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

/** False when it did not arrive; the reason is logged, the URL is not: it is a secret. */
export function createRespond(timeoutMs: number, log: Log): Respond {
  return async (url, body) => {
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const problem = await send(url, body, timeoutMs);
      if (problem === null) return true;
      log.warn({ peer: 'slack', attempt, problem }, 'an answer did not reach Slack');
      if (problem.startsWith('HTTP 4')) return false;
    }
    return false;
  };
}

async function send(url: string, body: Responded, timeoutMs: number): Promise<string | null> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.arrayBuffer();
    return response.ok ? null : `HTTP ${response.status}`;
  } catch (error) {
    return error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'no connection';
  }
}
