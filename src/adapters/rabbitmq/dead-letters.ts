/**
 * Dead letters over RabbitMQ's management API, message by message: looked at, published to the fleet's queue, and only
 * then taken away. A crash between leaves a message in both queues, never in none.
 */
import axios from 'axios';
import { z } from 'zod';
import { httpError, OutsideError } from '../../errors.js';
import type { DeadLetters } from '../../ports.js';

const PEER = 'rabbitmq';

const message = z.object({
  payload: z.string(),
  payload_encoding: z.string(),
  properties: z.unknown(),
});
const properties = z.record(z.string(), z.unknown()).catch({});

export function createDeadLetters(options: {
  url: string;
  user: string;
  password: string;
  timeoutMs: number;
}): DeadLetters {
  const client = axios.create({
    baseURL: `${options.url.replace(/\/+$/, '')}/api`,
    auth: { username: options.user, password: options.password },
    proxy: false,
    maxRedirects: 0,
    validateStatus: () => true,
  });

  async function ask<T>(
    method: 'GET' | 'POST',
    path: string,
    shape: z.ZodType<T>,
    data?: object,
  ): Promise<T> {
    const tried = `${method} ${path}`;
    const answer = await client
      .request<unknown>({ method, url: path, data, signal: AbortSignal.timeout(options.timeoutMs) })
      .catch((error: unknown) => {
        // The library's error carries the password in its config, so it is not kept as a cause.
        const code = axios.isAxiosError(error) ? (error.code ?? null) : null;
        throw httpError(PEER, tried, { status: null, code, detail: 'no answer' });
      });
    if (answer.status !== 200) {
      throw httpError(PEER, tried, { status: answer.status, code: null, detail: '' });
    }
    const read = shape.safeParse(answer.data);
    if (read.success) return read.data;
    throw new OutsideError(PEER, tried, 'the answer has another shape', { class: 'human', why: 'error' });
  }

  const head = (queue: string, ackmode: 'ack_requeue_true' | 'ack_requeue_false') =>
    ask('POST', `${queue}/get`, z.array(message), { count: 1, ackmode, encoding: 'auto' });

  return {
    async count(source) {
      if (source.kind !== 'rabbitmq' || source.deadLetterQueue === undefined) return null;
      const path = queuePath(source.vhost, source.deadLetterQueue);
      const { messages_ready: ready } = await ask(
        'GET',
        path,
        z.object({ messages_ready: z.number().nullish() }),
      );
      return ready ?? null;
    },
    async requeue(source, most) {
      if (source.kind !== 'rabbitmq' || source.deadLetterQueue === undefined) return 0;
      const dead = queuePath(source.vhost, source.deadLetterQueue);
      const publish = async (one: z.output<typeof message>): Promise<void> => {
        const path = `/exchanges/${encodeURIComponent(source.vhost)}/amq.default/publish`;
        const { routed } = await ask('POST', path, z.object({ routed: z.boolean() }), {
          routing_key: source.queue,
          payload: one.payload,
          payload_encoding: one.payload_encoding,
          properties: properties.parse(one.properties),
        });
        if (routed) return;
        throw new OutsideError(PEER, `publish to ${source.queue}`, 'no queue took the message', {
          class: 'human',
          why: 'refused',
        });
      };
      for (let moved = 0; moved < most; moved += 1) {
        const [seen] = await head(dead, 'ack_requeue_true');
        if (seen === undefined) return moved;
        await publish(seen);
        const [taken] = await head(dead, 'ack_requeue_false');
        // Somebody else reads here, too: what was taken instead goes where it belongs as well.
        if (taken !== undefined && taken.payload !== seen.payload) await publish(taken);
      }
      return most;
    },
  };
}

const queuePath = (vhost: string, queue: string): string =>
  `/queues/${encodeURIComponent(vhost)}/${encodeURIComponent(queue)}`;
