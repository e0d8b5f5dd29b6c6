/**
 * The question over HTTP. An answer counts with status 200 and with 503 (many health checks say so when they are not
 * well); anything else is none.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosInstance } from 'axios';
import type { HealthSource, WorkerAddress } from '../../ports.js';
import { MOST_BYTES, readAnswer, type Said } from './answer.js';
import type { Question } from './ask.js';

type HttpSource = Extract<HealthSource, { kind: 'http' }>;

export function createHttpQuestions(): (source: HttpSource, workers: WorkerAddress[]) => Question[] {
  const http = axios.create({
    // Workers come and go: a kept socket would be a stale one.
    httpAgent: new HttpAgent({ keepAlive: false }),
    httpsAgent: new HttpsAgent({ keepAlive: false }),
    proxy: false,
    maxRedirects: 0,
    maxContentLength: MOST_BYTES,
    responseType: 'text',
    transformResponse: [(body: unknown) => body],
    validateStatus: () => true,
  });
  return (source, workers) =>
    workers.flatMap((worker, index) =>
      urlsOf(source, worker).map((url) => ({
        worker: index,
        ask: (timeoutMs) => askOne(http, url, AbortSignal.timeout(timeoutMs)),
      })),
    );
}

/** One, or one a slot in their order; none: it cannot be asked. */
function urlsOf(source: HttpSource, worker: WorkerAddress): string[] {
  const { url, portPerWorker } = source;
  const { id, host, port, workers } = worker;
  if (host === null || (port === null && url.includes('{port}'))) return [];
  const address = host.includes(':') ? `[${host}]` : host;
  const many = portPerWorker && port !== null ? workers : 1;
  return Array.from({ length: many }, (_, slot) =>
    url
      .replaceAll('{address}', address)
      .replaceAll('{port}', String((port ?? 0) + slot))
      .replaceAll('{worker}', encodeURIComponent(id)),
  );
}

async function askOne(http: AxiosInstance, url: string, signal: AbortSignal): Promise<Said | null> {
  try {
    const { status, data } = await http.get<string>(url, { signal });
    return status === 200 || status === 503 ? readAnswer(data) : null;
  } catch {
    // Refused, cut off, too large or too late: all the same to whoever counts.
    return null;
  }
}
