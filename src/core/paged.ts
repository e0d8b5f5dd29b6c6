/**
 * What Muster knows of an incident that it opened in PagerDuty, whichever side moved it last. Both sides speak: a webhook
 * of PagerDuty, a button in Slack.
 *
 *   triggered ──> acknowledged ──> resolved        unacknowledged, reopened: back to triggered
 *       └──────────────────────────────^           a new alert of the same key: a new incident, triggered
 */
import type { Message } from './message.js';
import type { Millis } from './model.js';

export type PagedStatus = 'triggered' | 'acknowledged' | 'resolved';

export interface Paged {
  v: 1;
  dedupKey: string;
  fleet: string;
  status: PagedStatus;
  /** Who moved it last, by name; null: Muster itself, or nobody says. */
  by: string | null;
  /** Of the last move. */
  at: Millis;
  since: Millis;
  summary: string;
  /** Who asked for it, where a person did. */
  asked: string | null;
  /** PagerDuty's id and page of it, once known. */
  pagerId: string | null;
  url: string | null;
  /** Of the newest webhook that was applied, as PagerDuty's clock has it: several may be taken at once, in any order. */
  eventAt?: Millis;
  /** PagerDuty refused the page: nobody was called. */
  lost?: true;
  /** The message that told of it, where no alert keeps what it says; the fleets that it is about. Absent: an alert does. */
  told?: { message: Message; key: string; channels: string[]; fleets: string[] };
  /** The remedy that the newest note of an incident names: its button runs this one. Absent: an older Muster noted it. */
  suggested?: Suggested;
  /** Ids of the newest webhooks that were applied: each counts once. */
  events: string[];
}

export interface Suggested {
  /** PagerDuty's id of the incident with the note. */
  pagerId: string;
  /** The remedy as one would type it; null: none fitted. */
  said: string | null;
  note: string;
  /** The click that the note answers; null: it came with the incident. */
  click: string | null;
}

export interface PagedEvent {
  id: string;
  status: PagedStatus;
  by: string | null;
  at: Millis;
  pagerId: string;
  url: string | null;
}

const EVENTS_KEPT = 30;

/** What a dedup key is about: 'muster/<fleet>/latency/<alert>', 'muster/<fleet>/decisions', 'muster/<fleet>/page'. */
export function aboutKey(dedupKey: string): { fleet: string; what: string; id: string | null } | null {
  const [app, fleet, what, id] = dedupKey.split('/');
  return app === 'muster' && fleet && what ? { fleet, what, id: id ?? null } : null;
}

/** The id of its machine. */
export const pagedId = (dedupKey: string): string => dedupKey.replace(/^muster\//, '').replaceAll('/', '.');

export const latencyKey = (fleet: string, alertId: string): string => `muster/${fleet}/latency/${alertId}`;
export const healthKey = (fleet: string, alertId: string): string => `muster/${fleet}/health/${alertId}`;
export const lettersKey = (fleet: string, alertId: string): string =>
  `muster/${fleet}/dead-letters/${alertId}`;
export const pageKey = (fleet: string): string => `muster/${fleet}/page`;
/** `fleet`: 'all' where it is about several. */
export const glassKey = (fleet: string, id: string): string => `muster/${fleet}/break-glass/${id}`;
export const maintenanceKey = (fleet: string, id: string): string => `muster/${fleet}/maintenance/${id}`;
export const decisionsKey = (fleet: string): string => `muster/${fleet}/decisions`;

/** Fleets that share a routing key (null: the one for fleets without) are one service in PagerDuty; each in the order of its first fleet. */
export function byService<F extends { pagerdutyRoutingKey: string | null }>(fleets: F[]): F[][] {
  const services = new Map<string | null, F[]>();
  for (const fleet of fleets) {
    const key = fleet.pagerdutyRoutingKey;
    services.set(key, [...(services.get(key) ?? []), fleet]);
  }
  return [...services.values()];
}

export function newPaged(
  dedupKey: string,
  fleet: string,
  summary: string,
  now: Millis,
  asked: string | null = null,
): Paged {
  return {
    v: 1,
    dedupKey,
    fleet,
    status: 'triggered',
    by: null,
    at: now,
    since: now,
    summary,
    asked,
    pagerId: null,
    url: null,
    events: [],
  };
}

/** null: it says nothing new (a repeat, or an older incident of the same key). */
export function afterEvent({ lost: _lost, ...paged }: Paged, event: PagedEvent): Paged | null {
  if (paged.events.includes(event.id)) return null;
  const isOther = paged.pagerId !== null && paged.pagerId !== event.pagerId;
  const isOvertaken = paged.eventAt !== undefined && event.at < paged.eventAt;
  if (isOther && (event.status !== 'triggered' || isOvertaken)) return null;
  // A late word about one that is over opens nothing; only a new incident or a reopening does.
  const isLate = paged.status === 'resolved' && event.status === 'acknowledged' && !isOther;
  const moves = !isLate && !isOvertaken && event.status !== paged.status;
  return {
    ...paged,
    ...(moves ? { status: event.status, by: event.by, at: event.at } : {}),
    ...(isOther ? { since: event.at } : {}),
    pagerId: event.pagerId,
    url: event.url ?? paged.url,
    eventAt: Math.max(event.at, paged.eventAt ?? event.at),
    events: [...paged.events, event.id].slice(-EVENTS_KEPT),
  };
}

/** PagerDuty will never take its page: it is over before anybody was called. */
export const afterLoss = (paged: Paged, now: Millis): Paged => ({
  ...paged,
  status: 'resolved',
  by: null,
  at: now,
  lost: true,
});

/** Moved by a person from this side; null: it is there already. */
export function afterMove(
  paged: Paged,
  to: 'acknowledged' | 'resolved',
  by: string | null,
  now: Millis,
): Paged | null {
  if (paged.status === to || paged.status === 'resolved') return null;
  return { ...paged, status: to, by, at: now };
}
