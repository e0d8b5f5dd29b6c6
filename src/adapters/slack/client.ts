/** Web API clients that never wait by themselves: no retries, no sleeping on 429. Who calls decides what comes next. */
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
} from '@slack/web-api';
import { type OutsideClass, OutsideError, type OutsideWhy } from '../../errors.js';
import type { Log } from '../../ports.js';
import { scrub, slackLogger } from './log.js';

export interface ClientOptions {
  token: string;
  /** Base of the Web API; null: Slack's own. */
  apiUrl: string | null;
  timeoutMs: number;
  log: Log;
}

export function createClient({ token, apiUrl, timeoutMs, log }: ClientOptions): WebClient {
  return new WebClient(token, {
    ...(apiUrl === null ? {} : { slackApiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/` }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: timeoutMs,
    allowAbsoluteUrls: false,
    logger: slackLogger(log),
  });
}

/** Slack's error codes that get better by themselves. */
const PASSING = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);
/** This one message is at fault, not the app's set-up: it will never be taken, and what waits behind it may be. */
const UNFIT = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'msg_too_long',
  'msg_blocks_too_long',
  'no_text',
  'invalid_metadata_format',
  'invalid_metadata_schema',
  'metadata_too_large',
]);
/** The message is gone or no longer ours: look again, then post anew. */
const GONE = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed', 'thread_not_found']);

/** `tried` names the method and the channel, never a text or a token. */
export function outsideError(error: unknown, tried: string): OutsideError {
  if (error instanceof OutsideError) return error;
  const make = (
    detail: string,
    kind: OutsideClass,
    why: OutsideWhy,
    more: { status?: number; retryAfterMs?: number } = {},
  ): OutsideError =>
    new OutsideError('slack', tried, scrub(detail), { class: kind, why, ...more, cause: error });
  if (error instanceof WebAPIRateLimitedError) {
    const retryAfterMs = error.retryAfter * 1_000;
    return make(`asked to wait ${error.retryAfter} s`, 'wait', 'rate-limited', { status: 429, retryAfterMs });
  }
  if (error instanceof WebAPIPlatformError) {
    const code = error.data.error;
    if (code === 'ratelimited' || code === 'rate_limited') {
      return make('asked to wait', 'wait', 'rate-limited', { retryAfterMs: 1_000 });
    }
    if (PASSING.has(code)) return make(code, 'retry', 'error');
    if (UNFIT.has(code)) return make(code, 'human', 'error');
    return make(`${code}${hint(code)}`, GONE.has(code) ? 'refetch' : 'human', 'refused');
  }
  if (error instanceof WebAPIHTTPError) {
    const { statusCode } = error;
    const kind = statusCode >= 500 ? 'retry' : 'human';
    return make(`HTTP ${statusCode}`, kind, statusCode >= 500 ? 'error' : 'refused', { status: statusCode });
  }
  if (error instanceof WebAPIRequestError) {
    const timedOut = error.original.name === 'TimeoutError' || error.original.name === 'AbortError';
    return timedOut
      ? make('no answer in time', 'retry', 'timeout')
      : make('no connection', 'retry', 'unreachable');
  }
  return make(error instanceof Error ? error.message : 'failed', 'retry', 'error');
}

/** What a person should do about the codes that come up when the app is set up. */
function hint(code: string): string {
  switch (code) {
    case 'not_in_channel':
    case 'channel_not_found':
      return ': invite the bot to the channel';
    case 'missing_scope':
      return ': install the app again from manifest.yml';
    case 'invalid_auth':
    case 'token_revoked':
    case 'account_inactive':
    case 'not_authed':
      return ': set SLACK_BOT_TOKEN to the token of the installed app';
    default:
      return '';
  }
}
