/**
 * PagerDuty's REST API: one request with a deadline of its own, its error codes, its rate limit and its offset paging.
 * pdjs is not used here: its paging and its reading of answers depend on the host's name, and its timeout never fires.
 */
import { Agent } from 'node:https';
import axios from 'axios';
import type { z } from 'zod';
import { httpError, OutsideError } from '../../errors.js';

const PEER = 'pagerduty';
const PAGE = 100;
/** PagerDuty refuses to page past this. */
const MOST_ROWS = 10_000;
/** Where a 429 does not say how long to wait. */
const WAIT_SECONDS = 30;

export interface RestAnswer {
  status: number;
  body: unknown;
  /** PagerDuty's own error code, 1001 say; null when there is none. */
  code: number | null;
}

export interface RestApi {
  /** Answers with 404 or 400 come back as they are; what nobody can answer for throws an OutsideError. */
  call(
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    options?: { query?: [string, string][]; body?: object; from?: string },
  ): Promise<RestAnswer>;
  /** Every row of a list, page by page. */
  all<T>(path: string, query: [string, string][], key: string, row: z.ZodType<T>): Promise<T[]>;
  /** The error for an answer that the caller does not expect. */
  refused(tried: string, answer: RestAnswer): OutsideError;
}

export function createRestApi(options: {
  apiUrl: string;
  token: string;
  ca: string | null;
  timeoutMs: number;
}): RestApi {
  const client = axios.create({
    baseURL: options.apiUrl.replace(/\/+$/, ''),
    headers: {
      Authorization: `Token token=${options.token}`,
      Accept: 'application/vnd.pagerduty+json;version=2',
    },
    ...(options.ca === null ? {} : { httpsAgent: new Agent({ ca: options.ca, keepAlive: true }) }),
    maxRedirects: 0,
    maxContentLength: 8_000_000,
    responseType: 'text',
    transformResponse: [(body: unknown) => body],
    validateStatus: () => true,
  });
  /** After a 429 nothing is asked until PagerDuty's window is over, machine time. */
  let quietUntil = 0;

  const call: RestApi['call'] = async (method, path, { query = [], body, from } = {}) => {
    const tried = `${method} ${path}`;
    const wait = quietUntil - Date.now();
    if (wait > 0) throw limited(tried, wait);
    const answer = await client
      .request<string>({
        method,
        url: path,
        params: new URLSearchParams(query),
        ...(body === undefined ? {} : { data: body }),
        headers: from === undefined ? {} : { From: from },
        // The library's own timeout starts again with every byte; this one is for the whole exchange.
        signal: AbortSignal.timeout(options.timeoutMs),
      })
      .catch((error: unknown) => {
        // The library's error carries the token in its headers: only its code goes on.
        const code = axios.isAxiosError(error) ? (error.code ?? null) : null;
        throw httpError(PEER, tried, { status: null, code, detail: 'no answer' });
      });
    const read: RestAnswer = { status: answer.status, ...parsed(answer.data) };
    if (answer.status === 429) {
      const reset = Number(answer.headers['ratelimit-reset'] ?? answer.headers['retry-after'] ?? Number.NaN);
      const ms = (Number.isFinite(reset) && reset >= 0 ? reset : WAIT_SECONDS) * 1_000;
      quietUntil = Date.now() + ms;
      throw limited(tried, ms);
    }
    if (answer.status >= 500 || answer.status === 401 || answer.status === 403) throw refused(tried, read);
    return read;
  };

  const refused: RestApi['refused'] = (tried, { status, body, code }) =>
    httpError(PEER, tried, {
      status,
      code: null,
      detail: `${code === null ? '' : `${code}: `}${reasonIn(body)}`.replaceAll(options.token, '[hidden]'),
    });

  return {
    call,
    refused,
    async all(path, query, key, row) {
      const rows: ReturnType<typeof row.parse>[] = [];
      for (let offset = 0; offset + PAGE <= MOST_ROWS; offset += PAGE) {
        const paging: [string, string][] = [
          ['limit', String(PAGE)],
          ['offset', String(offset)],
        ];
        const answer = await call('GET', path, { query: [...query, ...paging] });
        if (answer.status !== 200) throw refused(`GET ${path}`, answer);
        const list = (answer.body as Record<string, unknown> | null)?.[key];
        const read = row.array().safeParse(list);
        if (!read.success) throw odd(`GET ${path}`, key);
        rows.push(...read.data);
        if ((answer.body as { more?: unknown }).more !== true) break;
      }
      return rows;
    },
  };
}

const limited = (tried: string, ms: number): OutsideError =>
  new OutsideError(PEER, tried, `asked to wait ${Math.ceil(ms / 1_000)} s`, {
    class: 'retry',
    why: 'rate-limited',
    status: 429,
    retryAfterMs: ms,
  });

export const odd = (tried: string, what: string): OutsideError =>
  new OutsideError(PEER, tried, `the answer has another shape: ${what}`, { class: 'human', why: 'error' });

function parsed(text: string): { body: unknown; code: number | null } {
  try {
    const body: unknown = JSON.parse(text);
    const code = (body as { error?: { code?: unknown } } | null)?.error?.code;
    return { body, code: typeof code === 'number' ? code : null };
  } catch {
    return { body: null, code: null };
  }
}

function reasonIn(body: unknown): string {
  const { error } = (typeof body === 'object' && body !== null ? body : {}) as {
    error?: { message?: unknown; errors?: unknown };
  };
  const list = Array.isArray(error?.errors) ? error.errors.filter((one) => typeof one === 'string') : [];
  return [typeof error?.message === 'string' ? error.message : '', ...list].join(' ').trim().slice(0, 200);
}
