/**
 * Demand from a RabbitMQ queue. What the management API says is judged before it is believed, because it is wrong in
 * known ways: a young queue has no counts at all for some seconds, then a counter that stays 0 while messages flow, and
 * minutes without statistics are filled up with zeros.
 *
 * - requestsPerSecond: growth of the publish counter over the last 60 s, or over the part of them that has statistics.
 * - backlog: messages_ready. Messages that a worker holds (unacknowledged) are being served: they wait for nothing.
 * - oldestAgeSeconds: 0 when none waits; from head_message_timestamp where publishers set it; else unknown.
 */
import type { Millis } from '../../core/model.js';
import { OutsideError } from '../../errors.js';
import type { DemandReader, DemandSeen } from '../../ports.js';
import { createManagementApi, type QueueAnswer, STEP_SECONDS, WINDOW_SECONDS } from './management-api.js';

/** A rate over less than two steps of the statistics jumps between 0 and twice the truth. */
const LEAST_SECONDS = 2 * STEP_SECONDS;

export function createRabbitmqDemand(options: {
  url: string;
  user: string;
  password: string;
  timeoutMs: number;
}): DemandReader {
  const api = createManagementApi(options);
  return {
    demand: async (source) => {
      if (source.kind !== 'rabbitmq') {
        throw new OutsideError('rabbitmq', 'read demand', `cannot read a source of kind ${source.kind}`, {
          class: 'human',
          why: 'error',
        });
      }
      const { queue, answeredAt } = await api.queue(source.vhost, source.queue);
      return demandOf(queue, answeredAt);
    },
  };
}

/** `answeredAt`: RabbitMQ's own time of the answer, so that its clock may differ from ours. */
export function demandOf(queue: Omit<QueueAnswer, 'name'>, answeredAt: Millis | null): DemandSeen {
  const samples = newestFirst(queue);
  const ready = queue.messages_ready ?? null;
  const newest = samples[0]?.timestamp ?? answeredAt;
  return {
    at: newest,
    requestsPerSecond: rateOf(samples) ?? (isIdle(queue, answeredAt) ? 0 : null),
    backlog: ready,
    oldestAgeSeconds: oldestAge(ready, queue.head_message_timestamp, newest),
    consumers: queue.consumers ?? null,
  };
}

interface CounterSample {
  sample: number;
  timestamp: Millis;
}

function newestFirst(queue: Pick<QueueAnswer, 'message_stats'>): CounterSample[] {
  const samples = queue.message_stats?.publish_details?.samples ?? [];
  return [...samples].sort((a, b) => b.timestamp - a.timestamp);
}

/** Per second; null when the counter does not tell. A counter of 0 is where the statistics begin, not proof of silence. */
function rateOf(samples: CounterSample[]): number | null {
  const newest = samples[0];
  if (newest === undefined || newest.sample === 0) return null;
  let oldest = newest;
  for (const sample of samples.slice(1)) {
    if (sample.sample > oldest.sample) break;
    oldest = sample;
    if (oldest.sample === 0) break;
  }
  const seconds = (newest.timestamp - oldest.timestamp) / 1_000;
  return seconds >= LEAST_SECONDS ? (newest.sample - oldest.sample) / seconds : null;
}

/** Nothing ever published is believed when nothing is in the queue either and RabbitMQ itself calls it idle for the whole window. */
function isIdle(queue: Omit<QueueAnswer, 'name'>, answeredAt: Millis | null): boolean {
  if (queue.messages_ready !== 0 || queue.messages_unacknowledged !== 0) return false;
  if (typeof queue.consumers !== 'number' || answeredAt === null) return false;
  const since = Date.parse(withZone(queue.idle_since ?? ''));
  return !Number.isNaN(since) && answeredAt - since >= WINDOW_SECONDS * 1_000;
}

/** RabbitMQ before 3.8 wrote "2026-11-22 4:56:33", in UTC without saying so. */
function withZone(time: string): string {
  const old = /^(\d{4}-\d\d-\d\d) (\d{1,2}):(\d\d):(\d\d)$/.exec(time);
  return old === null ? time : `${old[1]}T${old[2]?.padStart(2, '0')}:${old[3]}:${old[4]}Z`;
}

function oldestAge(
  ready: number | null,
  headSeconds: number | '' | null | undefined,
  at: Millis | null,
): number | null {
  if (ready === 0) return 0;
  if (typeof headSeconds !== 'number' || at === null) return null;
  return Math.max(0, at / 1_000 - headSeconds);
}
