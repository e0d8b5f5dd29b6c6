/**
 * What PagerDuty sends: V3 webhooks and custom incident actions, as routes on the bot's port. A request is proved, put on
 * the queue and answered with 202 at once; the job does the rest. What is signed well but not understood is taken and
 * logged: PagerDuty switches a subscription off that is refused a few times in a row.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Log, Queue } from '../../ports.js';

export interface HookRoute {
  path: string;
  method: 'POST';
  handler(request: IncomingMessage, response: ServerResponse): void;
}

export const WEBHOOK_PATH = '/pagerduty/webhook';
export const ACTION_PATH = '/pagerduty/action/';
export const ACTION_HEADER = 'x-muster-action';
export const INCIDENT_ACTIONS = ['hold-scale-down', 'run-remedy', 'add-diagnostics'] as const;

/** PagerDuty sends 55 KB at most. */
const BODY_BYTES = 256 * 1024;
/** PagerDuty waits for 5 s. */
const READ_MS = 3_000;
/** Of a header with signatures, more than a rotation ever has. */
const MOST_SIGNATURES = 10;
/** As long as PagerDuty may send one again. */
const REMEMBERED_MS = 49 * 3_600_000;

const reference = z.object({ id: z.string(), summary: z.string().nullish() });
const eventSchema = z.object({
  event: z.object({
    id: z.string().min(1).max(200),
    event_type: z.string(),
    occurred_at: z.string().nullish(),
    agent: reference.nullish(),
    data: z.looseObject({
      id: z.string().nullish(),
      incident_key: z.string().nullish(),
      title: z.string().nullish(),
      html_url: z.string().nullish(),
    }),
  }),
});
const actionSchema = z.object({
  messages: z.array(
    z.object({
      id: z.string().min(1).max(200),
      event: z.string(),
      incident: z.object({ id: z.string(), incident_key: z.string().nullish() }),
      log_entries: z.array(z.object({ agent: reference.nullish() })).nullish(),
    }),
  ),
});

export function createPagerdutyHooks(options: {
  webhookSecrets: string[];
  actionSecret: string | null;
  enqueue: Queue['enqueue'];
  /** True for the first caller of an id within the time, over all replicas. */
  once(id: string, ttlMs: number): Promise<boolean>;
  undoOnce(id: string): Promise<void>;
  log: Log;
}): HookRoute[] {
  const { log, enqueue } = options;

  /** Enqueued once a request id; a failure forgets it, so that PagerDuty's next try is the first again. */
  async function queued(
    id: string | null,
    jobs: { job: string; data: object; dedupe: string }[],
  ): Promise<void> {
    const key = id === null ? null : `pagerduty-${id}`;
    if (key !== null && !(await options.once(key, REMEMBERED_MS))) return;
    try {
      for (const { job, data, dedupe } of jobs) await enqueue(job, data, { dedupe });
    } catch (error) {
      if (key !== null) await options.undoOnce(key).catch(() => {});
      throw error;
    }
  }

  async function webhook(request: IncomingMessage, raw: Buffer): Promise<number> {
    if (!isSigned(raw, request.headers['x-pagerduty-signature'], options.webhookSecrets)) {
      log.warn({ peer: 'pagerduty' }, 'refused a webhook: no secret of ours signed it');
      return 401;
    }
    const parsed = eventSchema.safeParse(json(raw));
    if (!parsed.success) {
      log.warn({ peer: 'pagerduty' }, 'took a webhook of a shape that is not known');
      return 202;
    }
    const { id, event_type: type, occurred_at: at, agent, data } = parsed.data.event;
    if (!type.startsWith('incident.') || !data.id) return 202;
    const when = Date.parse(at ?? '');
    const event = {
      v: 1,
      id,
      type,
      at: Number.isNaN(when) ? null : when,
      incident: {
        id: data.id,
        key: data.incident_key ?? null,
        title: data.title ?? data.id,
        url: data.html_url ?? null,
      },
      agent: agent == null ? null : { id: agent.id, name: agent.summary ?? agent.id },
    };
    await queued(idOf(request), [{ job: 'pagerduty-event', data: event, dedupe: `pagerduty-${id}` }]);
    return 202;
  }

  async function action(name: string, request: IncomingMessage, raw: Buffer): Promise<number> {
    const given = request.headers[ACTION_HEADER];
    if (options.actionSecret === null || typeof given !== 'string' || !isSame(given, options.actionSecret)) {
      log.warn({ peer: 'pagerduty', action: name }, 'refused an incident button: its header is not ours');
      return 401;
    }
    const parsed = actionSchema.safeParse(json(raw));
    if (!parsed.success) {
      log.warn({ peer: 'pagerduty', action: name }, 'took an incident button of a shape that is not known');
      return 202;
    }
    const clicks = parsed.data.messages.filter((message) => message.event === 'incident.custom');
    await queued(
      idOf(request),
      clicks.map(({ id, incident, log_entries: entries }) => ({
        job: 'pagerduty-action',
        data: {
          v: 1,
          id,
          action: name,
          incident: { id: incident.id, key: incident.incident_key ?? null },
          agent: entries?.find(({ agent }) => agent != null)?.agent?.id ?? null,
        },
        dedupe: `pagerduty-${id}`,
      })),
    );
    return 202;
  }

  const route = (
    path: string,
    take: (request: IncomingMessage, raw: Buffer) => Promise<number>,
  ): HookRoute => ({
    path,
    method: 'POST',
    handler: (request, response) => {
      read(request)
        .then((raw) => (raw === null ? 413 : take(request, raw)))
        .catch((error: unknown) => {
          // PagerDuty sends it again later.
          log.warn({ peer: 'pagerduty', error: String(error) }, 'could not take a request of PagerDuty');
          return 503;
        })
        .then((status) => answer(response, status));
    },
  });

  return [
    route(WEBHOOK_PATH, webhook),
    ...INCIDENT_ACTIONS.map((name) =>
      route(`${ACTION_PATH}${name}`, (request, raw) => action(name, request, raw)),
    ),
  ];
}

/** The whole body; null: too large. Rejects when it does not come in time. */
async function read(request: IncomingMessage): Promise<Buffer | null> {
  const late = setTimeout(() => request.destroy(new Error('the body did not come in time')), READ_MS);
  try {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of request as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > BODY_BYTES) return null;
      parts.push(part);
    }
    return Buffer.concat(parts);
  } finally {
    clearTimeout(late);
  }
}

function answer(response: ServerResponse, status: number): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ ok: status === 202 }));
}

/** Any of the secrets may have made any of the signatures: while one is replaced, both sign. */
function isSigned(raw: Buffer, header: string | string[] | undefined, secrets: string[]): boolean {
  const given = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .slice(0, MOST_SIGNATURES)
    .flatMap((part) => /^\s*v1=([0-9a-f]{64})\s*$/i.exec(part)?.[1]?.toLowerCase() ?? []);
  // Every pair is compared, so that the time says nothing about which one fitted.
  let fits = false;
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(raw).digest('hex');
    for (const one of given) fits = isSame(one, expected) || fits;
  }
  return fits;
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHmac('sha256', 'compare').update(text).digest());
  return timingSafeEqual(a as Buffer, b as Buffer);
}

function idOf(request: IncomingMessage): string | null {
  const id = request.headers['x-webhook-id'];
  return typeof id === 'string' && /^[\w.:-]{1,120}$/.test(id) ? id.replaceAll(':', '-') : null;
}

function json(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return null;
  }
}
