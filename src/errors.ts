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
