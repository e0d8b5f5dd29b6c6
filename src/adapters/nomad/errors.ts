/**
 * Nomad's errors are plain text, one string; a 500 is often the client's own mistake. So this adapter, and nothing else,
 * reads the text: who can mend it, and how.
 */
import { type OutsideClass, OutsideError, type OutsideWhy } from '../../errors.js';

export const ACTIVE_DEPLOYMENT = 'job scaling blocked due to active deployment';
export const FROZEN = 'Job registration, dispatch, and scale are disabled by the scheduler configuration';

/** Texts of a 500 that pass by themselves: an election, a lost server, a region that is not joined yet. */
const PASSING = ['No cluster leader', 'No path to region', 'rpc error', 'failed to get conn'];

export function classify(status: number, text: string): { class: OutsideClass; why: OutsideWhy } {
  if (status === 429) return { class: 'retry', why: 'rate-limited' };
  if (status === 502 || status === 503 || status === 504) return { class: 'retry', why: 'unreachable' };
  if (status === 400 && text.includes(ACTIVE_DEPLOYMENT)) return { class: 'wait', why: 'refused' };
  if (status === 403 && text.includes(FROZEN)) return { class: 'wait', why: 'refused' };
  if (status === 500 && text.includes('Enforcing job modify index'))
    return { class: 'refetch', why: 'refused' };
  if (status === 500 && PASSING.some((one) => text.includes(one))) return { class: 'retry', why: 'error' };
  return { class: 'human', why: status >= 500 ? 'error' : 'refused' };
}

export function refusal(
  tried: string,
  status: number,
  text: string,
  retryAfterMs: number | null,
): OutsideError {
  const detail = `${status} ${oneLine(text)}`;
  return new OutsideError('nomad', tried, detail, {
    ...classify(status, text),
    status,
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
  });
}

/** The request may or may not have been carried out: no answer came in time, or the connection broke. */
export function silence(tried: string, code: string | undefined, timeoutMs: number): OutsideError {
  const timedOut = code === 'ERR_CANCELED' || code === 'ECONNABORTED' || code === 'ETIMEDOUT';
  const detail = timedOut
    ? `no answer within ${timeoutMs / 1000} s`
    : `connection failed (${code ?? 'unknown'})`;
  return new OutsideError('nomad', tried, detail, {
    class: 'retry',
    why: timedOut ? 'timeout' : 'unreachable',
  });
}

export function human(tried: string, detail: string): OutsideError {
  return new OutsideError('nomad', tried, detail, { class: 'human', why: 'refused' });
}

function oneLine(text: string): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > 300 ? `${flat.slice(0, 300)}…` : flat;
}
