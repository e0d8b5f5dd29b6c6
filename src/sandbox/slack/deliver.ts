/** Signed deliveries to the bots, turn by turn, as Slack sends them: form-encoded for commands and clicks, JSON for events. */
import { createHmac } from 'node:crypto';

export interface Delivered {
  /** Of the whole answer; without one, what came instead. */
  status: number | 'late' | 'broken';
  body: string;
  contentType: string;
  /** From sending to the whole answer, machine milliseconds. */
  ackMs: number;
}

/** null: there is no bot that took it. */
export type Deliver = (
  body: string,
  contentType: string,
  headers?: Record<string, string>,
) => Promise<Delivered | null>;

export const ackLimitMs = 3000;
export const form = 'application/x-www-form-urlencoded';
/** When an event that was not taken is sent again, machine milliseconds after the failure. */
const eventRetriesMs = [0, 60_000, 300_000];

export function createDeliver(options: { signingSecret: string; bots: () => { url: string }[] }): Deliver {
  let turn = 0;
  return async (body, contentType, headers = {}) => {
    const bots = options.bots();
    // A bot that refuses the connection never saw the request, so the next one may have it; any other failure is final.
    for (let tried = 0; tried < bots.length; tried += 1) {
      const bot = bots[turn++ % bots.length]!;
      const delivered = await send(
        bot.url,
        body,
        { ...sign(options.signingSecret, body), ...headers },
        contentType,
      );
      if (delivered !== 'refused') return delivered;
    }
    return null;
  };
}

/** The v0 signature of a body at machine time now. */
export function sign(secret: string, body: string, nowMs = Date.now()): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const digest = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${digest}` };
}

async function send(
  url: string,
  body: string,
  headers: Record<string, string>,
  contentType: string,
): Promise<Delivered | 'refused'> {
  const start = performance.now();
  try {
    const response = await fetch(`${url.replace(/\/$/, '')}/slack/events`, {
      method: 'POST',
      body,
      headers: { ...headers, 'content-type': contentType, 'user-agent': 'Slackbot 1.0 (sandbox)' },
      signal: AbortSignal.timeout(ackLimitMs),
      redirect: 'manual',
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text,
      contentType: response.headers.get('content-type') ?? '',
      ackMs: performance.now() - start,
    };
  } catch (error) {
    const { name, cause } = error as { name: string; cause?: { code?: string } };
    if (cause?.code === 'ECONNREFUSED') return 'refused';
    const status = name === 'TimeoutError' ? 'late' : 'broken';
    return { status, body: '', contentType: '', ackMs: performance.now() - start };
  }
}

/** Sends an event, and again up to three times while it is not taken within 3 s. Resolves after the first try. */
export async function deliverEvent(
  deliver: Deliver,
  event: Record<string, unknown>,
): Promise<Delivered | null> {
  const body = JSON.stringify(event);
  const first = await deliver(body, 'application/json');
  const again = (number: number, last: Delivered | null): void => {
    const delay = eventRetriesMs[number - 1];
    if (delay === undefined || (last !== null && isTaken(last))) return;
    const timer = setTimeout(() => {
      const headers = { 'x-slack-retry-num': String(number), 'x-slack-retry-reason': retryReason(last) };
      void deliver(body, 'application/json', headers).then((next) => again(number + 1, next));
    }, delay);
    timer.unref();
  };
  again(1, first);
  return first;
}

export const isTaken = ({ status }: Delivered): boolean =>
  typeof status === 'number' && status >= 200 && status < 300;

function retryReason(last: Delivered | null): string {
  if (last === null || last.status === 'broken') return 'connection_failed';
  return last.status === 'late' ? 'http_timeout' : 'http_error';
}
