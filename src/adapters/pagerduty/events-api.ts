/**
 * One event to PagerDuty's Events API through pdjs, held against pdjs 2.2.4's defects: its timeout never fires and leaves
 * a timer behind (switched off; an own deadline ends the exchange), a 429 is retried in its own time (the first answer is
 * taken from Node's diagnostics instead and the rest called off), failures resolve like successes (the status is judged here).
 * Nothing is retried here: the outbox sends again, with the same dedup key.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import { event } from '@pagerduty/pdjs';
import { httpError } from '../../errors.js';

const PEER = 'pagerduty';
const ANSWERED = 'http.client.response.finish';
/** PagerDuty's advice where it does not say how long to wait. */
const WAIT_SECONDS = 30;

export interface EventsApi {
  /** Resolves when PagerDuty took the event (202). */
  send(type: 'event' | 'change', body: object): Promise<void>;
}

/** What pdjs takes; its own types ask for fields that the API does not want and know no agent. */
interface Call {
  data: object;
  type: string;
  server: string;
  agent: Agent;
  signal: AbortSignal;
  requestTimeout: 0;
  retryTimeout: number;
}
const send = event as unknown as (call: Call) => Promise<{ status: number; data: unknown }>;

interface Answer {
  status: number;
  retryAfter: string | null;
  data: unknown;
}

export function createEventsApi(options: {
  host: string;
  ca: string | null;
  timeoutMs: number;
  /** Words that must not appear in an error. */
  secrets: string[];
}): EventsApi {
  return {
    send: async (type, body) => {
      const tried = type === 'event' ? 'POST /v2/enqueue' : 'POST /v2/change/enqueue';
      const agent = new Agent(options.ca === null ? {} : { ca: options.ca });
      const stop = new AbortController();
      const deadline = setTimeout(() => stop.abort(), options.timeoutMs);
      const limited = watchForLimit(agent);
      try {
        const answer = await Promise.race([
          limited.answer,
          aborted(stop.signal),
          send({
            data: body,
            type,
            server: options.host,
            agent,
            signal: stop.signal,
            requestTimeout: 0,
            retryTimeout: 1,
          }).then(({ status, data }): Answer => ({ status, retryAfter: null, data })),
        ]);
        if (answer.status === 202) return;
        throw httpError(PEER, tried, {
          status: answer.status,
          code: null,
          retryAfter: answer.status === 429 ? (answer.retryAfter ?? String(WAIT_SECONDS)) : null,
          detail: without(options.secrets, reasonIn(answer.data)),
        });
      } catch (error) {
        if (error instanceof Error && error.name === 'OutsideError') throw error;
        throw httpError(PEER, tried, unanswered(error, limited.status(), stop.signal.aborted));
      } finally {
        clearTimeout(deadline);
        limited.end();
        // Ends what pdjs still has under way, a retry of its own included.
        stop.abort();
        agent.destroy();
      }
    },
  };
}

/** Tells of a 429 as soon as it is there, and of the status of an answer that pdjs cannot read. */
function watchForLimit(agent: Agent): {
  answer: Promise<Answer>;
  status(): number | null;
  end(): void;
} {
  let status: number | null = null;
  let tell: (answer: Answer) => void = () => {};
  const answer = new Promise<Answer>((resolve) => {
    tell = resolve;
  });
  const listen = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    if ((request as ClientRequest & { agent?: unknown }).agent !== agent) return;
    status = response.statusCode ?? null;
    if (status === 429) tell({ status, retryAfter: response.headers['retry-after'] ?? null, data: null });
  };
  subscribe(ANSWERED, listen);
  return { answer, status: () => status, end: () => unsubscribe(ANSWERED, listen) };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(Object.assign(new Error(), { code: 'ETIMEDOUT' })), {
      once: true,
    });
  });
}

/** A body that is no JSON makes pdjs throw although an answer came: then its status counts. */
function unanswered(error: unknown, status: number | null, late: boolean) {
  if (late) return { status: null, code: 'ETIMEDOUT', detail: '' };
  if (status !== null && status >= 400) return { status, code: null, detail: '' };
  const code = (error as { code?: unknown } | null)?.code;
  return { status: null, code: typeof code === 'string' ? code : null, detail: 'no answer' };
}

/** "Event object is invalid: 'payload.severity' is missing or blank": PagerDuty's message and its list of errors. */
function reasonIn(data: unknown): string {
  const { message, errors } = (typeof data === 'object' && data !== null ? data : {}) as {
    message?: unknown;
    errors?: unknown;
  };
  const list = Array.isArray(errors) ? errors.filter((one) => typeof one === 'string') : [];
  return [typeof message === 'string' ? message : '', ...list]
    .filter((part) => part !== '')
    .join(': ')
    .slice(0, 300);
}

const without = (secrets: string[], text: string): string =>
  secrets.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text);
