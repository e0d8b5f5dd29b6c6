/** One question to RabbitMQ's management API: what is known of a queue. The only file that speaks its HTTP. */
import axios, { type AxiosInstance } from 'axios';
import { z } from 'zod';
import type { Millis } from '../../core/model.js';
import { httpError, OutsideError } from '../../errors.js';

const PEER = 'rabbitmq';
/** The window of the rate and the grid of its samples, seconds. RabbitMQ's own statistics move every 5 s. */
export const WINDOW_SECONDS = 60;
export const STEP_SECONDS = 5;

/** The name is asked for because RabbitMQ answers [] when a queue has none of the wanted columns yet. */
const WANTED = [
  'name',
  'message_stats.publish_details',
  'messages_ready',
  'messages_unacknowledged',
  'consumers',
  'head_message_timestamp',
  'idle_since',
  'state',
].join(',');

const number = z.number().nullish();
const queueSchema = z.object({
  name: z.string(),
  message_stats: z
    .object({
      publish_details: z
        .object({ samples: z.array(z.object({ sample: z.number(), timestamp: z.number() })) })
        .partial()
        .optional(),
    })
    .optional(),
  messages_ready: number,
  messages_unacknowledged: number,
  consumers: number,
  /** Seconds; only classic queues, only when publishers set it. */
  head_message_timestamp: z.union([z.number(), z.literal('')]).nullish(),
  idle_since: z.string().nullish(),
  state: z.string().nullish(),
});
export type QueueAnswer = z.output<typeof queueSchema>;

export interface ManagementApi {
  /** The queue as RabbitMQ tells it, and RabbitMQ's own time of telling it; null where it does not say. */
  queue(vhost: string, name: string): Promise<{ queue: QueueAnswer; answeredAt: Millis | null }>;
}

export function createManagementApi(options: {
  url: string;
  user: string;
  password: string;
  timeoutMs: number;
}): ManagementApi {
  const client = axios.create({
    baseURL: options.url.replace(/\/+$/, ''),
    auth: { username: options.user, password: options.password },
    // A cluster's own API is not behind the proxy that the way out of the company goes through.
    proxy: false,
    maxRedirects: 0,
    maxContentLength: 1_000_000,
    responseType: 'text',
    transformResponse: [(body: unknown) => body],
    validateStatus: () => true,
  });
  return {
    queue: async (vhost, name) => {
      const path = `/api/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(name)}`;
      const tried = `GET ${path}`;
      const { status, headers, data } = await ask(client, path, tried, options.timeoutMs);
      if (status !== 200) {
        throw httpError(PEER, tried, {
          status,
          code: null,
          retryAfter: textOf(headers['retry-after']),
          detail: reasonIn(data),
        });
      }
      const parsed = queueSchema.safeParse(json(data));
      if (!parsed.success) {
        throw new OutsideError(PEER, tried, 'answered something that is no queue', {
          class: 'human',
          why: 'error',
          status,
        });
      }
      const date = Date.parse(textOf(headers.date) ?? '');
      return { queue: parsed.data, answeredAt: Number.isNaN(date) ? null : date };
    },
  };
}

async function ask(client: AxiosInstance, path: string, tried: string, timeoutMs: number) {
  try {
    return await client.get<string>(path, {
      params: {
        msg_rates_age: WINDOW_SECONDS,
        msg_rates_incr: STEP_SECONDS,
        columns: WANTED,
      },
      // The library's own timeout starts again with every byte; this one is for the whole exchange.
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    // The library's error carries the password in its config, so it is not kept as a cause.
    const code = axios.isAxiosError(error) ? (error.code ?? null) : null;
    throw httpError(PEER, tried, { status: null, code, detail: 'no answer' });
  }
}

function reasonIn(body: string): string {
  const parsed = z.object({ reason: z.string() }).safeParse(json(body));
  return parsed.success ? parsed.data.reason.slice(0, 120) : '';
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const textOf = (header: unknown): string | null => (typeof header === 'string' ? header : null);
