/**
 * One Nomad API over HTTP: a bounded pool of sockets, a deadline for each request, plain-text errors made into
 * OutsideError. It never repeats a write.
 */
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosInstance } from 'axios';
import type { z } from 'zod';
import { OutsideError } from '../../errors.js';
import { refusal, silence } from './errors.js';

export interface NomadOptions {
  address: string;
  token: string | null;
  namespace: string;
  region: string | null;
  /** ca, cert and key: PEM text, or the path of a PEM file. */
  tls: {
    ca: string | null;
    cert: string | null;
    key: string | null;
    serverName: string | null;
    skipVerify: boolean;
  };
  /** How long one request may take, machine time. */
  timeoutMs: number;
}

/** Tighter than for other answers. */
export interface Most {
  bytes?: number;
  timeoutMs?: number;
}

export interface NomadClient {
  get<T>(path: string, shape: z.ZodType<T>, query?: Record<string, string>): Promise<T>;
  /** As `get`, but null on 404. */
  find<T>(path: string, shape: z.ZodType<T>): Promise<T | null>;
  post<T>(path: string, body: unknown, shape: z.ZodType<T>): Promise<T>;
  /** A plain-text answer, as it is. */
  text(path: string, query: Record<string, string>, most?: Most): Promise<string>;
  /** What is gone already is no error. */
  remove(path: string, query: Record<string, string>): Promise<void>;
}

/** Nomad counts idle keep-alive sockets against its limit per client address (100), so the pool is small. */
const MOST_SOCKETS = 8;
const MOST_BYTES = 64 * 1024 * 1024;

export function createNomadClient(options: NomadOptions): NomadClient {
  const http = pool(options);
  const request = async <T>(
    method: 'GET' | 'POST',
    path: string,
    shape: z.ZodType<T>,
    more: { body?: unknown; query?: Record<string, string> } = {},
  ): Promise<T> => read(`${method} ${path}`, await exchange(method, path, more), shape);
  const exchange = async (
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    more: { body?: unknown; query?: Record<string, string>; most?: Most },
  ): Promise<string> => {
    const tried = `${method} ${path}`;
    const timeoutMs = more.most?.timeoutMs ?? options.timeoutMs;
    const answer = await http
      .request<string>({
        method,
        url: path,
        params: scope(options, more.query),
        ...(more.body === undefined ? {} : { data: JSON.stringify(more.body) }),
        maxContentLength: more.most?.bytes ?? MOST_BYTES,
        signal: AbortSignal.timeout(timeoutMs),
      })
      .catch((error: unknown) => {
        // The library's error carries the token in its headers: only its code goes on.
        throw silence(tried, axios.isAxiosError(error) ? error.code : undefined, timeoutMs);
      });
    if (answer.status < 200 || answer.status >= 300) {
      throw refusal(tried, answer.status, answer.data, retryAfter(answer.headers['retry-after']));
    }
    return answer.data;
  };
  // A kept socket may have been closed under us: reading again once is harmless.
  const get: NomadClient['get'] = (path, shape, query = {}) =>
    request('GET', path, shape, { query }).catch((error: unknown) => {
      if (error instanceof OutsideError && error.why === 'unreachable' && error.status === null) {
        return request('GET', path, shape, { query });
      }
      throw error;
    });
  return {
    get,
    find: (path, shape) =>
      get(path, shape).catch((error: unknown) => {
        if (error instanceof OutsideError && error.status === 404) return null;
        throw error;
      }),
    post: (path, body, shape) => request('POST', path, shape, { body }),
    text: (path, query, most = {}) => exchange('GET', path, { query, most }),
    remove: async (path, query) => {
      await exchange('DELETE', path, { query }).catch((error: unknown) => {
        if (!(error instanceof OutsideError && error.status === 404)) throw error;
      });
    },
  };
}

function pool(options: NomadOptions): AxiosInstance {
  const { tls, token } = options;
  const sockets = { keepAlive: true, maxSockets: MOST_SOCKETS };
  const agent = options.address.startsWith('https:')
    ? {
        httpsAgent: new HttpsAgent({
          ...sockets,
          rejectUnauthorized: !tls.skipVerify,
          ...(tls.ca === null ? {} : { ca: pem(tls.ca) }),
          ...(tls.cert === null ? {} : { cert: pem(tls.cert) }),
          ...(tls.key === null ? {} : { key: pem(tls.key) }),
          ...(tls.serverName === null ? {} : { servername: tls.serverName }),
        }),
      }
    : { httpAgent: new HttpAgent(sockets) };
  return axios.create({
    ...agent,
    baseURL: options.address.replace(/\/+$/, ''),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      // The only header that 1.1 understands; `Authorization: Bearer` came with 1.4.
      ...(token === null ? {} : { 'X-Nomad-Token': token }),
    },
    responseType: 'text',
    transformResponse: [(data: unknown) => (typeof data === 'string' ? data : '')],
    validateStatus: () => true,
    proxy: false,
    maxRedirects: 0,
  });
}

function scope(options: NomadOptions, query: Record<string, string> = {}): Record<string, string> {
  return {
    namespace: options.namespace,
    ...(options.region === null ? {} : { region: options.region }),
    ...query,
  };
}

function read<T>(tried: string, text: string, shape: z.ZodType<T>): T {
  const odd = (detail: string) => new OutsideError('nomad', tried, detail, { class: 'retry', why: 'error' });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw odd('the answer is not JSON');
  }
  const parsed = shape.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw odd(`the answer has another shape: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}

function retryAfter(header: unknown): number | null {
  const seconds = Number(header);
  return header === undefined || !Number.isFinite(seconds) ? null : seconds * 1000;
}

function pem(value: string): string {
  return value.includes('-----BEGIN') ? value : readFileSync(value, 'utf8');
}
