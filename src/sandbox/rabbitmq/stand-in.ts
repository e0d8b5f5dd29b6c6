/**
 * RabbitMQ's management API over the simulated traffic, as far as a reader of demand and of
 * dead letters needs it. Faults of its own:
 * stale: counts and sample times stand still; nostats: queues without any statistics, as for seconds after a start.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Millis } from '../../core/model.js';
import { commonFault, type StandIn, type WorldContext } from '../context.js';
import { type Asked, openLoopback, type Said } from '../loopback.js';
import type { QueueTruth, TrafficView } from '../metrics-view.js';
import { createDeadLetterQueues, deadLetterQueue } from './dead-letters.js';
import { coldQueue, pickColumns, queueObject } from './queue-object.js';

const QUEUE_PATH = /^\/api\/queues\/([^/]+)\/([^/]+)$/;
const GET_PATH = /^\/api\/queues\/%2F\/([^/]+)\/get$/i;
const PUBLISH_PATH = /^\/api\/exchanges\/%2F\/amq\.default\/publish$/i;

export interface RabbitmqStandIn extends StandIn {
  /** Messages of the queue come to lie in its dead-letter queue. */
  deadLetter(queue: string, count: number): void;
  deadLetters(queue: string): number;
}

export async function createRabbitmqStandIn(options: {
  context: WorldContext;
  view: TrafficView;
  user: string;
  password: string;
  port?: number;
  /** A dead letter went back to its queue. */
  returned?(queue: string): void;
  /** What `save` gave earlier. */
  restore?: unknown;
}): Promise<RabbitmqStandIn> {
  const { context, view } = options;
  const expected = `Basic ${Buffer.from(`${options.user}:${options.password}`).toString('base64')}`;
  const letters = createDeadLetterQueues(
    { has: (queue) => view.queue(queue) !== null, returned: (queue) => options.returned?.(queue) },
    options.restore,
  );
  const lastGood = new Map<string, { truth: QueueTruth; at: Millis }>();

  const server = await openLoopback(
    (request, response) => commonFault(context, 'rabbitmq', request, response),
    answer,
    options.port === undefined ? {} : { port: options.port },
  );
  return {
    url: server.url,
    close: server.close,
    save: letters.save,
    deadLetter: letters.reject,
    deadLetters: (queue) => letters.count(deadLetterQueue(queue)) ?? 0,
  };

  function answer(asked: Asked): Said {
    const now = context.clock.now();
    const { status, body, headers = {} } = judge(asked, now);
    // RabbitMQ's own clock is part of the world.
    return { status, body, headers: { ...headers, date: new Date(now).toUTCString() } };
  }

  function judge({ method, path, query, headers, body: text }: Asked, now: Millis): Exclude<Said, 'cut'> {
    if (!isSame(headers.authorization ?? '', expected)) {
      return {
        status: 401,
        body: { error: 'not_authorized', reason: 'Login failed' },
        headers: { 'www-authenticate': 'Basic realm="RabbitMQ Management"' },
      };
    }
    const done = method === 'POST' ? act(path, text) : null;
    if (done !== null) return done;
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, body: { error: 'Method Not Allowed', reason: 'Method Not Allowed' } };
    }
    if (path === '/api/overview') {
      return { status: 200, body: { management_version: '3.10.8', rabbitmq_version: '3.10.8' } };
    }
    const [, vhost, name] = QUEUE_PATH.exec(path) ?? [];
    const body = vhost === undefined || name === undefined ? null : describe(vhost, name, query, now);
    if (body === null) return { status: 404, body: { error: 'Object Not Found', reason: 'Not Found' } };
    return { status: 200, body: pickColumns(body, query.get('columns')) };
  }

  function act(path: string, text: string): Exclude<Said, 'cut'> | null {
    const name = GET_PATH.exec(path)?.[1];
    if (name !== undefined) return letters.get(decodeURIComponent(name), text);
    if (!PUBLISH_PATH.test(path)) return null;
    const said = letters.publish(text);
    context.record({ target: 'rabbitmq', method: 'POST', path, decisionId: null, status: said.status });
    return said;
  }

  function describe(vhost: string, encoded: string, query: URLSearchParams, now: Millis): object | null {
    const name = decodeURIComponent(encoded);
    if (decodeURIComponent(vhost) !== '/') return null;
    const fault = context.fault('rabbitmq')?.kind;
    const dead = letters.count(name);
    if (dead !== null) {
      const counts = { messages: dead, messages_ready: dead, messages_unacknowledged: 0, consumers: 0 };
      return fault === 'nostats' ? coldQueue(name) : { ...coldQueue(name), state: 'running', ...counts };
    }
    const truth = view.queue(name);
    if (truth === null) return null;
    // A gap of the traffic is a time without statistics, not without messages.
    if (fault === 'nostats' || truth.publishRate === null) return coldQueue(name);
    const frozen = fault === 'stale' ? lastGood.get(name) : undefined;
    const shown = frozen ?? { truth, at: now };
    // Under the fault the first answer is the one that stays.
    lastGood.set(name, shown);
    return queueObject(name, shown.truth, shown.at, {
      ageSeconds: numberIn(query, 'msg_rates_age'),
      stepSeconds: numberIn(query, 'msg_rates_incr'),
    });
  }
}

function numberIn(query: URLSearchParams, name: string): number | null {
  const value = Number(query.get(name) ?? Number.NaN);
  return Number.isInteger(value) && value > 0 ? value : null;
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
