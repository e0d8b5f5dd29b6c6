/** Queues of dead letters, as the management API gives and takes messages: POST …/get and POST …/publish. */
import { z } from 'zod';
import type { Said } from '../loopback.js';

export interface DeadLetterQueues {
  /** Messages that their workers rejected come to lie in the queue's dead-letter queue. */
  reject(queue: string, count: number): void;
  /** null: no such queue. */
  count(name: string): number | null;
  get(name: string, body: string): Exclude<Said, 'cut'> | null;
  publish(body: string): Exclude<Said, 'cut'>;
  save(): SavedDeadLetters;
}

export interface SavedDeadLetters {
  v: 1;
  /** Numbers of the messages, the oldest first, by queue. */
  letters: Record<string, number[]>;
  next: number;
}

const SUFFIX = '.dead';
/** The name of a queue's dead-letter queue. */
export const deadLetterQueue = (queue: string): string => `${queue}${SUFFIX}`;

/** More than anybody wants to look at. */
const MOST = 10_000;

const getBody = z.object({
  count: z.number().int().min(1),
  ackmode: z.enum(['ack_requeue_true', 'ack_requeue_false', 'reject_requeue_true', 'reject_requeue_false']),
  encoding: z.enum(['auto', 'base64']),
});
const publishBody = z.object({
  routing_key: z.string(),
  payload: z.string(),
  payload_encoding: z.enum(['string', 'base64']),
  properties: z.record(z.string(), z.unknown()),
});

export function createDeadLetterQueues(
  options: {
    has(queue: string): boolean;
    /** A message went back to its queue. */
    returned(queue: string): void;
  },
  saved: unknown,
): DeadLetterQueues {
  const known = isSaved(saved) ? saved : { letters: {}, next: 1 };
  const letters = new Map(Object.entries(known.letters));
  let { next } = known;
  const listOf = (name: string): number[] | null => {
    const queue = name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : null;
    if (queue === null || !options.has(queue)) return null;
    const list = letters.get(name) ?? [];
    letters.set(name, list);
    return list;
  };
  return {
    reject(queue, count) {
      const list = listOf(deadLetterQueue(queue));
      for (let n = 0; list !== null && n < count && list.length < MOST; n += 1) list.push(next++);
    },
    count: (name) => listOf(name)?.length ?? null,
    get(name, text) {
      const list = listOf(name);
      const body = getBody.safeParse(json(text));
      if (list === null) return null;
      if (!body.success) return badRequest('key_missing');
      const { count, ackmode } = body.data;
      const taken = list.slice(0, count);
      if (ackmode.endsWith('false')) list.splice(0, taken.length);
      const queue = name.slice(0, -SUFFIX.length);
      const rest = list.length - (ackmode.endsWith('false') ? 0 : taken.length);
      return {
        status: 200,
        body: taken.map((number, index) => letterOf(number, queue, name, rest + taken.length - index - 1)),
      };
    },
    publish(text) {
      const body = publishBody.safeParse(json(text));
      if (!body.success) return badRequest('bad_request');
      const routed = options.has(body.data.routing_key);
      if (routed) options.returned(body.data.routing_key);
      return { status: 200, body: { routed } };
    },
    save: () => ({ v: 1, letters: Object.fromEntries(letters), next }),
  };
}

function letterOf(number: number, queue: string, name: string, after: number): object {
  const payload = JSON.stringify({ check: `check-${number}` });
  return {
    payload_bytes: payload.length,
    redelivered: false,
    exchange: '',
    routing_key: name,
    message_count: after,
    properties: {
      delivery_mode: 2,
      message_id: `check-${number}`,
      headers: { 'x-first-death-queue': queue, 'x-first-death-reason': 'rejected' },
    },
    payload,
    payload_encoding: 'string',
  };
}

const badRequest = (reason: string) => ({ status: 400, body: { error: 'bad_request', reason } });

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isSaved(saved: unknown): saved is SavedDeadLetters {
  return typeof saved === 'object' && saved !== null && (saved as { v?: unknown }).v === 1;
}
