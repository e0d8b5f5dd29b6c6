/**
 * Asks workers over HTTP how they are: many at once, each with its own timeout, all together within two of them. An
 * answer counts with status 200 and with 503 (many health checks say so when they are not well); anything else is none.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosInstance } from 'axios';
import type { SlotHealth } from '../../core/health/state.js';
import type { HealthSource, WorkerAddress, WorkerHealth } from '../../ports.js';
import { readAnswer } from './answer.js';

const AT_ONCE = 64;
const MOST_BYTES = 64 * 1024;

interface Question {
  worker: number;
  /** Where its slots begin in the worker's answer. */
  slot: number;
  url: string;
}

export function createWorkerHealth(): WorkerHealth {
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
  let round = 0;

  return {
    async ask(source, workers) {
      const questions = workers.flatMap((worker, index) => questionsTo(source, worker, index));
      // Where many hang the time is over before all were asked: each round begins with others.
      round += 1;
      const from = questions.length === 0 ? 0 : (round * AT_ONCE) % questions.length;
      const left = [...questions.slice(from), ...questions.slice(0, from)];
      const timeoutMs = source.timeoutSeconds * 1_000;
      const until = Date.now() + 2 * timeoutMs;
      const heard = new Map<Question, SlotHealth[]>();
      const work = async (): Promise<void> => {
        for (let next = left.shift(); next !== undefined; next = left.shift()) {
          const time = Math.min(timeoutMs, until - Date.now());
          if (time <= 0) return;
          const said = await askOne(http, next.url, AbortSignal.timeout(time));
          if (said !== null) heard.set(next, said);
        }
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, questions.length) }, work));
      return workers.map((_, index) =>
        together(
          questions.filter((one) => one.worker === index),
          heard,
        ),
      );
    },
  };
}

function questionsTo(source: HealthSource, worker: WorkerAddress, index: number): Question[] {
  const { url, portPerWorker } = source;
  const { id, host, port, workers } = worker;
  if (host === null || (port === null && url.includes('{port}'))) return [];
  const address = host.includes(':') ? `[${host}]` : host;
  const many = portPerWorker && port !== null ? workers : 1;
  return Array.from({ length: many }, (_, slot) => ({
    worker: index,
    slot,
    url: url
      .replaceAll('{address}', address)
      .replaceAll('{port}', String((port ?? 0) + slot))
      .replaceAll('{worker}', encodeURIComponent(id)),
  }));
}

async function askOne(http: AxiosInstance, url: string, signal: AbortSignal): Promise<SlotHealth[] | null> {
  try {
    const { status, data } = await http.get<string>(url, { signal });
    return status === 200 || status === 503 ? readAnswer(data) : null;
  } catch {
    // Refused, cut off, too large or too late: all the same to whoever counts.
    return null;
  }
}

/** One question: its slots. One a slot: the first of each answer. */
function together(questions: Question[], heard: Map<Question, SlotHealth[]>): (SlotHealth | null)[] | null {
  const [only] = questions;
  if (only === undefined) return null;
  if (questions.length === 1) return heard.get(only) ?? null;
  return questions.map((one) => heard.get(one)?.[0] ?? null);
}
