/** A queue as RabbitMQ 3.10's management API describes it, made of the simulated truth. */
import type { Millis } from '../../core/model.js';
import type { QueueTruth } from '../metrics-view.js';

/** Statistics move in steps of 5 s; without `msg_rates_age` an answer holds no samples. */
const STATISTICS_STEP_SECONDS = 5;

export function queueObject(
  name: string,
  truth: QueueTruth,
  now: Millis,
  window: { ageSeconds: number | null; stepSeconds: number | null },
): object {
  const published = truth.samples.at(-1)?.published ?? 0;
  const samples = grid(
    truth,
    window.ageSeconds ?? 0,
    Math.max(STATISTICS_STEP_SECONDS, window.stepSeconds ?? 0),
  );
  return {
    ...coldQueue(name),
    state: 'running',
    consumers: truth.consumers,
    messages: truth.ready + truth.unacked,
    messages_ready: truth.ready,
    messages_unacknowledged: truth.unacked,
    head_message_timestamp: truth.headAt === null ? null : Math.floor(truth.headAt / 1_000),
    ...(isIdle(truth) ? { idle_since: new Date(lastChange(truth) ?? now).toISOString() } : {}),
    // A queue that nothing was ever published to has no message_stats at all.
    ...(published === 0
      ? {}
      : {
          message_stats: {
            publish: published,
            publish_details: {
              rate: truth.publishRate ?? 0,
              ...(window.ageSeconds === null ? {} : averages(samples)),
            },
          },
        }),
  };
}

/** What is known of a queue before its first statistics: nothing that counts. */
export function coldQueue(name: string): object {
  return {
    name,
    vhost: '/',
    type: 'classic',
    durable: true,
    auto_delete: false,
    exclusive: false,
    arguments: {},
    node: 'rabbit@sandbox',
  };
}

/** `columns=a,b.c` keeps those fields only, nested ones by their path. With none of them there the real one answers [], too. */
export function pickColumns(body: object, columns: string | null): object {
  if (columns === null || columns === '') return body;
  const picked: Record<string, unknown> = {};
  for (const column of columns.split(',')) copyPath(body, picked, column.split('.'));
  return Object.keys(picked).length === 0 ? [] : picked;
}

function copyPath(from: object, to: Record<string, unknown>, path: string[]): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  const value = (from as Record<string, unknown>)[key];
  if (value === undefined) return;
  if (rest.length === 0 || typeof value !== 'object' || value === null) {
    to[key] = value;
    return;
  }
  const inner = (to[key] ?? {}) as Record<string, unknown>;
  to[key] = inner;
  copyPath(value, inner, rest);
}

/** The counter on RabbitMQ's grid of whole steps, newest first, as far back as it is known. */
function grid(
  { samples }: QueueTruth,
  ageSeconds: number,
  stepSeconds: number,
): { sample: number; timestamp: Millis }[] {
  const newest = samples.at(-1);
  const first = samples[0];
  if (newest === undefined || first === undefined) return [];
  const step = stepSeconds * 1_000;
  const top = Math.floor(newest.at / step) * step;
  return Array.from(
    { length: Math.floor(ageSeconds / stepSeconds) + 1 },
    (_, index) => top - index * step,
  ).flatMap((timestamp) => {
    const sample = samples.findLast(({ at }) => at <= timestamp);
    return sample === undefined ? [] : [{ sample: sample.published, timestamp }];
  });
}

function averages(samples: { sample: number; timestamp: Millis }[]): object {
  const [newest, oldest] = [samples[0], samples.at(-1)];
  if (newest === undefined || oldest === undefined) return { avg: 0, avg_rate: 0, samples };
  const seconds = (newest.timestamp - oldest.timestamp) / 1_000;
  return {
    avg: samples.reduce((sum, { sample }) => sum + sample, 0) / samples.length,
    avg_rate: seconds === 0 ? 0 : (newest.sample - oldest.sample) / seconds,
    samples,
  };
}

function isIdle(truth: QueueTruth): boolean {
  return truth.ready === 0 && truth.unacked === 0 && !((truth.publishRate ?? 0) > 0);
}

/** When the counter last grew; its first known time when it never did. */
function lastChange({ samples }: QueueTruth): Millis | null {
  const newest = samples.at(-1);
  const same = samples.find(({ published }) => published === newest?.published);
  return same?.at ?? null;
}
