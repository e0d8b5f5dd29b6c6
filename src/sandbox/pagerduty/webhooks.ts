/**
 * What PagerDuty sends to the bots, turn by turn: V3 webhooks, signed, in order per incident and again until they are
 * taken; custom incident actions in their older shape, with the header that the extension was set up with, once.
 */
import { createHmac, randomUUID } from 'node:crypto';
import type { Millis } from '../../core/model.js';
import type { Happened, Incident } from './alerts.js';
import { SERVICE, userById } from './people.js';
import { incidentJson } from './rest.js';

export const ACTIONS = ['hold-scale-down', 'run-remedy', 'add-diagnostics'] as const;
export type ActionName = (typeof ACTIONS)[number];

export interface Webhooks {
  tell(happened: Happened, now: Millis): void;
  /** The bot's answer; 0: none came, null: there is no bot. */
  press(action: ActionName, incident: Incident, userId: string, now: Millis): Promise<number | null>;
  close(): void;
}

const ANSWER_MS = 5_000;
const ACTION_MS = 16_000;
/** Machine time until a webhook that was not taken is sent again; PagerDuty goes on for two days. */
const RETRIES_MS = [1_000, 3_000, 10_000, 30_000, 60_000, 120_000, 300_000];
/** A flood that no bot takes is not kept for ever. */
const MOST_WAITING = 500;

export function createWebhooks(options: {
  bots: () => { url: string }[];
  /** The subscription's signing secrets: all of them sign, as while one is replaced. */
  secrets: string[];
  actionSecret: string;
}): Webhooks {
  const chains = new Map<string, Promise<void>>();
  const timers = new Set<NodeJS.Timeout>();
  const stop = new AbortController();
  let turn = 0;
  let waiting = 0;

  async function send(
    path: string,
    body: string,
    headers: Record<string, string>,
    timeoutMs: number,
  ): Promise<number | null> {
    const bots = options.bots();
    for (let tried = 0; tried < bots.length; tried += 1) {
      const bot = bots[turn++ % bots.length]!;
      try {
        const response = await fetch(`${bot.url.replace(/\/$/, '')}${path}`, {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json', 'user-agent': 'PagerDuty-Webhook/V3.0', ...headers },
          signal: AbortSignal.any([stop.signal, AbortSignal.timeout(timeoutMs)]),
          redirect: 'manual',
        });
        await response.arrayBuffer();
        return response.status;
      } catch (error) {
        const cause = (error as { cause?: { code?: string } }).cause;
        if (cause?.code !== 'ECONNREFUSED') return 0;
      }
    }
    return null;
  }

  async function deliver(body: string, webhookId: string): Promise<void> {
    for (const wait of [...RETRIES_MS, null]) {
      if (stop.signal.aborted) return;
      const signature = options.secrets.map((secret) => `v1=${hmac(secret, body)}`).join(',');
      const status = await send(
        '/pagerduty/webhook',
        body,
        { 'x-pagerduty-signature': signature, 'x-webhook-id': webhookId },
        ANSWER_MS,
      );
      // A refusal is final; silence, 429 and 5xx are tried again with the same id.
      if (status !== null && status !== 0 && status !== 429 && status < 500) return;
      if (wait !== null) await pause(wait);
    }
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        resolve();
      }, ms);
      timer.unref();
      timers.add(timer);
    });

  return {
    tell(happened, now) {
      if (waiting >= MOST_WAITING) return;
      waiting += 1;
      const body = JSON.stringify(eventJson(happened, now));
      const { id } = happened.incident;
      const mine = (chains.get(id) ?? Promise.resolve())
        .then(() => deliver(body, randomUUID()))
        .finally(() => {
          waiting -= 1;
          if (chains.get(id) === mine) chains.delete(id);
        });
      chains.set(id, mine);
    },
    press(action, incident, userId, now) {
      const body = JSON.stringify(actionJson(action, incident, userId, now));
      const headers = { 'x-muster-action': options.actionSecret, 'x-webhook-id': randomUUID() };
      return send(`/pagerduty/action/${action}`, body, headers, ACTION_MS);
    },
    close() {
      stop.abort();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function eventJson({ what, incident, agent }: Happened, now: Millis): object {
  const user = agent === null ? null : userById(agent);
  const last = incident.notes.at(-1);
  const data =
    what === 'annotated'
      ? {
          incident: { id: incident.id, type: 'incident_reference', summary: incident.summary },
          id: `N${incident.id}`,
          content: last?.text ?? '',
          trimmed: false,
          type: 'incident_note',
        }
      : incidentJson(incident);
  return {
    event: {
      id: randomUUID(),
      event_type: `incident.${what}`,
      resource_type: 'incident',
      occurred_at: new Date(now).toISOString(),
      agent: user === null ? null : { id: user.id, type: 'user_reference', summary: user.name },
      client: user === null ? { name: 'Muster' } : null,
      data,
    },
  };
}

function actionJson(action: ActionName, incident: Incident, userId: string, now: Millis): object {
  return {
    messages: [
      {
        id: randomUUID(),
        event: 'incident.custom',
        created_on: new Date(now).toISOString(),
        webhook: { id: `PW${action.length}`, name: action, type: 'webhook' },
        incident: {
          ...incidentJson(incident),
          incident_number: incident.number,
          service: { id: SERVICE.id, name: SERVICE.name },
        },
        log_entries: [
          {
            type: 'custom_log_entry',
            agent: { id: userId, type: 'user_reference', summary: userById(userId)?.name ?? userId },
          },
        ],
      },
    ],
  };
}

const hmac = (secret: string, body: string): string =>
  createHmac('sha256', secret).update(body).digest('hex');
