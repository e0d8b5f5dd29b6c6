/** Muster's pager events in PagerDuty's words, within its limits: summary 1024 characters, dedup key 255. */
import { createHash } from 'node:crypto';
import type { PagerEvent } from '../../core/message.js';
import { OutsideError } from '../../errors.js';
import type { Pager } from '../../ports.js';
import { createEventsApi } from './events-api.js';
import { line, whole } from './words.js';

const SUMMARY_LENGTH = 1024;
const KEY_LENGTH = 255;

export function createPager(options: {
  eventsHost: string;
  /** Used where a fleet has no own. */
  routingKey: string | null;
  ca: string | null;
  timeoutMs: number;
}): Pager {
  return {
    reaches: (own) => (own ?? options.routingKey) !== null,
    send: async (event, own) => {
      const routingKey = own ?? options.routingKey;
      if (routingKey === null) {
        throw new OutsideError('pagerduty', `send ${event.kind}`, 'no routing key is configured', {
          class: 'human',
          why: 'refused',
        });
      }
      const api = createEventsApi({
        host: options.eventsHost,
        ca: options.ca,
        timeoutMs: options.timeoutMs,
        secrets: [routingKey],
      });
      await (event.kind === 'change'
        ? api.send('change', changeBody(event, routingKey))
        : api.send('event', eventBody(event, routingKey)));
    },
  };
}

type Alert = Exclude<PagerEvent, { kind: 'change' }>;
type Change = Extract<PagerEvent, { kind: 'change' }>;

function eventBody(event: Alert, routingKey: string): object {
  const key = { routing_key: routingKey, event_action: event.kind, dedup_key: dedupKey(event.dedupKey) };
  // Only a trigger says what is wrong; the other two name the alert and nothing more.
  if (event.kind !== 'trigger') return key;
  return {
    ...key,
    client: 'Muster',
    ...(event.links === undefined || event.links.length === 0 ? {} : { links: event.links }),
    payload: {
      summary: line(event.summary, SUMMARY_LENGTH),
      source: `muster/${event.fleet}`,
      severity: event.severity,
      timestamp: new Date(event.at).toISOString(),
      component: event.fleet,
      custom_details: wholeDetails(event),
    },
  };
}

function changeBody(event: Change, routingKey: string): object {
  return {
    routing_key: routingKey,
    payload: {
      summary: line(event.summary, SUMMARY_LENGTH),
      source: `muster/${event.fleet}`,
      timestamp: new Date(event.at).toISOString(),
      custom_details: { ...wholeDetails(event), id: event.id },
    },
    links: [],
  };
}

/** A key that is too long keeps its start, for people, and a hash of the whole, so that two stay two. */
function dedupKey(key: string): string {
  if (key.length <= KEY_LENGTH) return key;
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return `${key.slice(0, KEY_LENGTH - 17)}-${hash}`;
}

const wholeDetails = ({ details }: PagerEvent): PagerEvent['details'] =>
  Object.fromEntries(
    Object.entries(details).map(([key, value]) => [key, typeof value === 'string' ? whole(value) : value]),
  );
