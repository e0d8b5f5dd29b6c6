/**
 * What stands before Bolt's own check: Bolt refuses only what is too old, so a request from the future and one that was
 * handled already would pass. Bodies are read here with a cap on size and time.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isValidSlackRequest } from '@slack/bolt';
import type { Log } from '../../ports.js';
import { isFirst } from './first.js';
import { isWellFormed } from './shape.js';

export interface GuardOptions {
  path: string;
  signingSecret: string;
  /** True for the first caller of an id within the time; shared by all replicas. */
  once(id: string, ttlMs: number): Promise<boolean>;
  log: Log;
}

const WINDOW_SECONDS = 300;
const LARGEST_BODY = 256 * 1_024;
const LONGEST_READ_MS = 2_500;

/** The listener that checks requests to `path` and hands the good ones on; all else goes straight through. */
export function guarded(next: RequestListener, options: GuardOptions): RequestListener {
  return (request, response) => {
    const [path] = (request.url ?? '/').split('?');
    if (path !== options.path || request.method !== 'POST') return next(request, response);
    check(request, response, next, options).catch((error: unknown) => {
      options.log.error({ peer: 'slack', error: String(error) }, 'a request from Slack could not be checked');
      if (!response.headersSent) refuse(response, 500);
    });
  };
}

async function check(
  request: IncomingMessage,
  response: ServerResponse,
  next: RequestListener,
  options: GuardOptions,
): Promise<void> {
  const body = await readBody(request);
  if (body === null) return refuse(response, 413);
  const signature = header(request, 'x-slack-signature');
  const timestamp = header(request, 'x-slack-request-timestamp');
  // Slack's unsigned connectivity check; Bolt answers it and drops the rest of its body.
  const isSslCheck = signature === '' && /(^|&)ssl_check=1(&|$)/.test(body.toString());
  if (!isSslCheck) {
    const problem = problemOf(body, signature, timestamp, options.signingSecret);
    if (problem !== null) {
      options.log.warn({ peer: 'slack', problem }, 'refused a request that claims to be from Slack');
      return refuse(response, 401);
    }
    const id = `slack-request-${createHash('sha256').update(signature).digest('base64url')}`;
    if (!(await isFirst(id, options))) return alreadyDone(response);
  }
  if (!isWellFormed(body.toString(), header(request, 'content-type'))) {
    options.log.warn({ peer: 'slack' }, 'refused a signed request that is nothing Slack sends');
    return refuse(response, 400);
  }
  // Bolt takes a body that was read before it.
  Object.assign(request, { rawBody: body });
  next(request, response);
}

/** What is wrong with a request that claims to be from Slack; null: nothing. */
export function problemOf(body: Buffer, signature: string, timestamp: string, secret: string): string | null {
  const seconds = Number(timestamp);
  if (signature === '' || !/^\d{1,12}$/.test(timestamp)) return 'unsigned';
  const age = Date.now() / 1_000 - seconds;
  if (age > WINDOW_SECONDS) return 'too old';
  if (age < -WINDOW_SECONDS) return 'from the future';
  const headers = { 'x-slack-signature': signature, 'x-slack-request-timestamp': seconds };
  return isValidSlackRequest({ signingSecret: secret, body: body.toString(), headers })
    ? null
    : 'bad signature';
}

/** null: larger than allowed. */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const timer = setTimeout(() => request.destroy(new Error('body took too long')), LONGEST_READ_MS);
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > LARGEST_BODY) return null;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { connection: 'close' }).end();
}

/** A proxy that sends twice must not show an error to the person, so a replay is accepted and does nothing. */
function alreadyDone(response: ServerResponse): void {
  const text = 'Muster has dealt with this very request already; nothing was done twice.';
  response
    .writeHead(200, { 'content-type': 'application/json', 'x-muster-duplicate': '1' })
    .end(JSON.stringify({ response_type: 'ephemeral', text }));
}
