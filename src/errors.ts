/**
 * Two kinds of error. The operator's: short, kind, with the right usage; shown as it is.
 * The outside's: what was tried, on whom, what happens next; it names the adapter.
 */
export type OperatorCode =
  | 'usage'
  | 'unknown-verb'
  | 'unknown-fleet'
  | 'bad-count'
  | 'bad-duration'
  | 'needs-expiry'
  | 'needs-reason'
  | 'expiry-in-past'
  | 'expiry-too-far'
  | 'conflict'
  | 'denied'
  | 'stale'
  | 'not-found'
  | 'resting'
  | 'bad-configuration'
  | 'bad-input';

export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  constructor(
    readonly code: OperatorCode,
    message: string,
    /** The right way to say it, one line, when there is one. */
    readonly usage?: string,
  ) {
    super(message);
  }
}

/**
 * retry: again soon. wait: blocked for a known reason, again later. refetch: somebody was faster, look and decide again.
 * human: will not get better by itself.
 */
export type OutsideClass = 'retry' | 'wait' | 'refetch' | 'human';
export type OutsideWhy =
  | 'timeout'
  | 'unreachable'
  | 'refused'
  | 'error'
  | 'stale'
  | 'no-data'
  | 'rate-limited';

export class OutsideError extends Error {
  override readonly name = 'OutsideError';
  readonly class: OutsideClass;
  readonly why: OutsideWhy;
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  constructor(
    /** The adapter: 'nomad', 'rabbitmq' … */
    readonly peer: string,
    /** What was tried, on what; no secret, no query string. */
    readonly tried: string,
    detail: string,
    options: {
      class: OutsideClass;
      why: OutsideWhy;
      status?: number;
      retryAfterMs?: number;
      cause?: unknown;
    },
  ) {
    super(
      `[${peer}] ${tried}: ${detail}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.class = options.class;
    this.why = options.why;
    this.status = options.status ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** A failed exchange with an HTTP peer, in the words of no client library. */
export interface FailedExchange {
  /** null when no answer came. */
  status: number | null;
  /** Node's or the library's code when no answer came: ECONNREFUSED, ERR_CANCELED … */
  code: string | null;
  /** The Retry-After header as sent. */
  retryAfter?: string | null;
  /** The peer's own words, short and without secrets. */
  detail: string;
}

/** What may be done about a failed exchange, where the peer has no rules of its own. */
export function httpError(peer: string, tried: string, failed: FailedExchange): OutsideError {
  const { status, code, detail } = failed;
  if (status === null) {
    if (/TIMEDOUT|TIMEOUT|ECONNABORTED|ERR_CANCELED|ABORT/.test(code ?? '')) {
      return new OutsideError(peer, tried, 'no answer in time', { class: 'retry', why: 'timeout' });
    }
    const untrusted = /CERT|TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code ?? '');
    return new OutsideError(peer, tried, code ?? detail, {
      class: untrusted ? 'human' : 'retry',
      why: 'unreachable',
    });
  }
  const said = `answered ${status}${detail === '' ? '' : ` (${detail})`}`;
  if (status === 429) {
    const retryAfterMs = retryAfterOf(failed.retryAfter);
    return new OutsideError(peer, tried, said, {
      class: 'retry',
      why: 'rate-limited',
      status,
      ...(retryAfterMs === null ? {} : { retryAfterMs }),
    });
  }
  if (status === 401 || status === 403) {
    return new OutsideError(peer, tried, said, { class: 'human', why: 'refused', status });
  }
  if (status === 404) return new OutsideError(peer, tried, said, { class: 'human', why: 'no-data', status });
  return new OutsideError(peer, tried, said, {
    class: status >= 500 || status === 408 ? 'retry' : 'human',
    why: 'error',
    status,
  });
}

/** Retry-After in milliseconds; null for a date, junk, or none. */
export function retryAfterOf(header: string | null | undefined): number | null {
  const seconds = Number(header ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}
