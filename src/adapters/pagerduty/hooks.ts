/**
 * What PagerDuty sends: V3 webhooks and custom incident actions, as hooks on the bot's port. A request is proved, put on
 * the queue and answered with 202 at once; the job does the rest. PagerDuty sends one again when it did not hear of that:
 * then it is queued again, and the job knows by its id what was done already, so that a crash at any moment loses none.
 * What is signed well but not understood is taken and logged: PagerDuty switches a subscription off that is refused a few
 * times in a row.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Hook, Log, Queue } from '../../ports.js';

export const WEBHOOK_PATH = '/pagerduty/webhook';
export const ACTION_PATH = '/pagerduty/action/';
export const ACTION_HEADER = 'x-muster-action';
export const INCIDENT_ACTIONS = ['hold-scale-down', 'run-remedy', 'add-diagnostics'] as const;

/** PagerDuty sends 55 KB at most. */
const BODY_BYTES = 256 * 1024;
/** Of a header with signatures, more than a rotation ever has. */
const MOST_SIGNATURES = 10;

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
  log: Log;
}): Hook[] {
  const { log, enqueue } = options;

  async function webhook(headers: Headers, raw: Buffer): Promise<number> {
    if (!isSigned(raw, headers['x-pagerduty-signature'], options.webhookSecrets)) {
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
    await enqueue('pagerduty-event', event, { dedupe: `pagerduty-${id}` });
    return 202;
  }

  async function action(name: string, headers: Headers, raw: Buffer): Promise<number> {
    const given = headers[ACTION_HEADER];
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
    for (const { id, incident, log_entries: entries } of clicks) {
      const click = {
        v: 1,
        id,
        action: name,
        incident: { id: incident.id, key: incident.incident_key ?? null },
        agent: entries?.find(({ agent }) => agent != null)?.agent?.id ?? null,
      };
      await enqueue('pagerduty-action', click, { dedupe: `pagerduty-${id}` });
    }
    return 202;
  }

  const hook = (path: string, take: (headers: Headers, raw: Buffer) => Promise<number>): Hook => ({
    peer: 'pagerduty',
    path,
    mostBytes: BODY_BYTES,
    take: async (headers, raw) => {
      const status = raw === null ? 413 : await take(headers, raw);
      return [status, { ok: status === 202 }];
    },
  });

  return [
    hook(WEBHOOK_PATH, webhook),
    ...INCIDENT_ACTIONS.map((name) =>
      hook(`${ACTION_PATH}${name}`, (headers, raw) => action(name, headers, raw)),
    ),
  ];
}

type Headers = Parameters<Hook['take']>[0];

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

function json(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return null;
  }
}
