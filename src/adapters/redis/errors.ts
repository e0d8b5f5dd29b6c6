import { type OutsideClass, OutsideError, type OutsideWhy } from '../../errors.js';

/**
 * Any failure of Redis as an OutsideError. The client's own errors carry the command with its arguments (a password
 * among them, after AUTH), so neither they nor an address with credentials go further than here.
 */
export function redisError(tried: string, error: unknown): OutsideError {
  if (error instanceof OutsideError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const known = KINDS.find(({ sign }) => sign.test(message));
  if (known) return new OutsideError('redis', tried, known.detail, known);
  return new OutsideError('redis', tried, firstWords(message), { class: 'retry', why: 'error' });
}

/** What was stored by a newer Muster: left for a replica that knows it, never guessed at and never overwritten. */
export function newerRecord(tried: string, v: unknown): OutsideError {
  const detail = `a record of schema version ${String(v)} is newer than this Muster; left for a newer replica`;
  return new OutsideError('redis', tried, detail, { class: 'human', why: 'error' });
}

interface Kind {
  sign: RegExp;
  detail: string;
  class: OutsideClass;
  why: OutsideWhy;
}

/** Redis and its client tell errors apart by text only. */
const KINDS: Kind[] = [
  {
    sign: /^(WRONGPASS|NOAUTH|NOPERM)|invalid password|AUTH/i,
    detail: 'refused our user or password',
    class: 'human',
    why: 'refused',
  },
  {
    sign: /timed out|ETIMEDOUT/i,
    detail: 'no answer in time; what was sent may have been stored',
    class: 'retry',
    why: 'timeout',
  },
  {
    sign: /^OOM/,
    detail: 'is out of memory (maxmemory); give it more, it must not evict',
    class: 'human',
    why: 'error',
  },
  {
    sign: /^MISCONF/,
    detail: 'cannot write its append-only file; look at its disk',
    class: 'human',
    why: 'error',
  },
  {
    sign: /^READONLY/,
    detail: 'is a read-only replica now; waiting for the failover to end',
    class: 'wait',
    why: 'error',
  },
  { sign: /^(LOADING|BUSY)/, detail: 'is still loading or busy', class: 'wait', why: 'error' },
  {
    sign: /ECONN|ENOENT|ENOTFOUND|EHOST|EPIPE|EAI_AGAIN|writeable|Connection is closed|ended|max retries/i,
    detail: 'cannot be reached; reconnecting by itself',
    class: 'retry',
    why: 'unreachable',
  },
];

const firstWords = (message: string): string => (message.split('\n')[0] ?? '').slice(0, 160);
