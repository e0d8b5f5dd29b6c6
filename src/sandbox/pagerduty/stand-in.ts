/**
 * PagerDuty over HTTPS on loopback: the Events API v2 (/v2/enqueue, /v2/change/enqueue) with its checks, its texts and
 * its limit of 120 events a minute and integration; the REST API; webhooks and incident buttons sent to the bots.
 * A fault of its own: ratelimit answers 429 to everything.
 */
import { randomBytes } from 'node:crypto';
import type { Millis } from '../../core/model.js';
import { commonFault, type StandIn, type WorldContext } from '../context.js';
import { type Asked, openLoopback, type Said } from '../loopback.js';
import { type Change, createAlerts, type Incident, type Moved } from './alerts.js';
import { createCertificate } from './certificate.js';
import { changeMistakes, decisionIn, type EventBody, eventMistakes } from './event-body.js';
import { type PagerUser, userByEmail, userById } from './people.js';
import { createRest } from './rest.js';
import { type ActionName, createWebhooks } from './webhooks.js';

export interface PagerdutyStandIn extends StandIn {
  /** 127.0.0.1:port, for eventsHost. */
  host: string;
  /** PEM of the certificate; who trusts it trusts this server. */
  ca: string;
  incidents(): Incident[];
  changes(): Change[];
  /** A user of the account by id or e-mail address. */
  user(name: string): PagerUser | null;
  /** What somebody does on PagerDuty's own page. */
  move(
    incidentId: string,
    to: 'acknowledged' | 'resolved',
    by: { id: string; name: string },
  ): Moved | 'no-incident';
  /** An incident button: the bot's answer; 0: none came, null: no bot, 'no-incident'. */
  press(incidentId: string, action: ActionName, userId: string): Promise<number | null | 'no-incident'>;
}

const BODY_LIMIT = 512 * 1024;
const EVENTS_PER_MINUTE = 120;
const MINUTE_MS = 60_000;

export async function createPagerdutyStandIn(options: {
  context: WorldContext;
  port?: number;
  /** What `save` gave earlier. */
  restore?: unknown;
  /** The integration keys that there are; without it each one is taken. */
  routingKeys?: string[];
  /** What opens the REST API; without it nothing does. */
  token?: string;
  /** Whom webhooks and incident buttons go to, and what they are signed with; without it nothing is sent. */
  hooks?: { bots: () => { url: string }[]; secrets: string[]; actionSecret: string };
}): Promise<PagerdutyStandIn> {
  const { context } = options;
  const webhooks = options.hooks === undefined ? null : createWebhooks(options.hooks);
  const alerts = createAlerts(options.restore, (happened) => webhooks?.tell(happened, context.clock.now()));
  const rest = createRest({ context, alerts, token: options.token ?? randomBytes(16).toString('hex') });
  const isTooFast = createLimit();
  const tls = createCertificate('PagerDuty stand-in of the Muster sandbox');
  const server = await openLoopback(
    (request, response) => commonFault(context, 'pagerduty', request, response, (method) => method !== 'GET'),
    answer,
    { tls, ...(options.port === undefined ? {} : { port: options.port }) },
  );
  return {
    url: server.url,
    host: server.host,
    ca: tls.cert,
    close: async () => {
      webhooks?.close();
      await server.close();
    },
    save: alerts.save,
    incidents: alerts.incidents,
    changes: alerts.changes,
    user: (name) => userById(name) ?? userByEmail(name),
    move: alerts.moveById,
    press: async (incidentId, action, userId) => {
      const incident = alerts.incident(incidentId);
      if (incident === null) return 'no-incident';
      return webhooks?.press(action, incident, userId, context.clock.now()) ?? null;
    },
  };

  function answer(asked: Asked): Said {
    const { method, path, body: text } = asked;
    const told = rest(asked);
    if (told !== null) return told;
    const kind = path === '/v2/enqueue' ? 'event' : path === '/v2/change/enqueue' ? 'change' : null;
    if (kind === null || method !== 'POST') {
      return { status: 404, body: { status: 'not found', message: 'Not Found' } };
    }
    const isTooLarge = Buffer.byteLength(text) > BODY_LIMIT;
    const body = isTooLarge ? null : parse(text);
    const reply = isTooLarge ? tooLarge : body === null ? notJson : judge(kind, body, context.clock.now());
    const decisionId = body === null ? null : decisionIn(body);
    context.record({ target: 'pagerduty', method, path, decisionId, status: reply.status });
    return reply;
  }

  function judge(kind: 'event' | 'change', body: EventBody, now: Millis): Reply {
    const mistakes = kind === 'event' ? eventMistakes(body) : changeMistakes(body);
    if (mistakes.length > 0) return invalid(mistakes);
    const routingKey = body.routing_key ?? '';
    if (options.routingKeys?.includes(routingKey) === false) return invalid(['Invalid routing key']);
    if (context.fault('pagerduty')?.kind === 'ratelimit' || isTooFast(routingKey, now)) return throttled;
    if (kind === 'change') {
      const { summary = '', source = null, timestamp, custom_details: details } = body.payload ?? {};
      alerts.change({ summary, source, at: timeOf(timestamp) ?? now, details: details ?? {} });
      return { status: 202, body: { status: 'success', message: 'Change event processed' } };
    }
    const dedupKey = body.dedup_key ?? randomBytes(16).toString('hex');
    if (body.event_action === 'trigger') {
      const { summary = '', severity = '', timestamp } = body.payload ?? {};
      alerts.trigger(routingKey, dedupKey, summary, severity, timeOf(timestamp) ?? now, linksIn(body));
    } else {
      alerts.move(routingKey, dedupKey, body.event_action === 'resolve' ? 'resolved' : 'acknowledged');
    }
    return {
      status: 202,
      body: { status: 'success', message: 'Event processed', dedup_key: dedupKey },
    };
  }
}

interface Reply {
  status: number;
  body: object;
}

const invalid = (errors: string[]): Reply => ({
  status: 400,
  body: { status: 'invalid event', message: 'Event object is invalid', errors },
});
const notJson = invalid(['JSON is not valid']);
const tooLarge: Reply = {
  status: 413,
  body: { status: 'payload too large', message: 'Event is larger than 512 KB' },
};
const throttled: Reply = {
  status: 429,
  body: {
    status: 'throttle exceeded',
    message: 'Requests for this service are arriving too quickly. Please retry later.',
  },
};

/** Events of the last minute of the Muster clock, by integration. */
function createLimit(): (routingKey: string, now: Millis) => boolean {
  const taken = new Map<string, Millis[]>();
  return (routingKey, now) => {
    const recent = (taken.get(routingKey) ?? []).filter((at) => now - at < MINUTE_MS);
    const tooFast = recent.length >= EVENTS_PER_MINUTE;
    taken.set(routingKey, tooFast ? recent : [...recent, now]);
    return tooFast;
  };
}

function parse(text: string): EventBody | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as EventBody) : null;
  } catch {
    return null;
  }
}

function linksIn(body: EventBody): Incident['links'] {
  return (body.links ?? []).flatMap(({ href, text }) =>
    typeof href === 'string' ? [{ href, text: text ?? href }] : [],
  );
}

function timeOf(timestamp: string | undefined): Millis | null {
  const at = Date.parse(timestamp ?? '');
  return Number.isNaN(at) ? null : at;
}
