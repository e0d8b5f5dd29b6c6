/** PagerDuty's REST API as far as Muster uses it: its checks, its error codes, its paging and its rate limits. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Millis } from '../../core/model.js';
import type { WorldContext } from '../context.js';
import type { Asked, Said } from '../loopback.js';
import type { Alerts, Incident } from './alerts.js';
import {
  LEGACY_SCHEDULE,
  type PagerUser,
  POLICY,
  pagerUsers,
  SERVICE,
  turns,
  userByEmail,
  userById,
  V3_SCHEDULE,
} from './people.js';

type Answer = Exclude<Said, 'cut'>;

const MINUTE_MS = 60_000;
const PER_MINUTE = 960;
/** Who is on call may be asked less often than the rest. */
const ONCALLS_PER_MINUTE = 240;

/** null: no path of the REST API. */
export function createRest(options: {
  context: WorldContext;
  alerts: Alerts;
  token: string;
}): (asked: Asked) => Answer | null {
  const { context, alerts, token } = options;
  const all = createWindow(PER_MINUTE);
  const oncalls = createWindow(ONCALLS_PER_MINUTE);

  return (asked) => {
    const [, first = '', id = '', rest = ''] = asked.path.split('/');
    const known = ['oncalls', 'users', 'incidents', 'schedules', 'v3'].includes(first);
    if (!known) return null;
    if (!isSame(asked.headers.authorization ?? '', `Token token=${token}`)) {
      return failure(401, 2006, 'Unauthorized');
    }
    const now = context.clock.now();
    const left = Math.min(all(now), first === 'oncalls' ? oncalls(now) : PER_MINUTE);
    // PagerDuty's window is on the Muster clock here; who reads the header waits on the machine's.
    const reset = String(Math.ceil((MINUTE_MS - (now % MINUTE_MS)) / 1_000 / context.clock.speed));
    const headers = {
      'ratelimit-limit': String(PER_MINUTE),
      'ratelimit-remaining': String(Math.max(0, left)),
      'ratelimit-reset': reset,
    };
    if (left < 0 || context.fault('pagerduty')?.kind === 'ratelimit') {
      return { ...failure(429, 2020, 'Rate Limit Exceeded'), headers };
    }
    return { ...answer(asked, first, decodeURIComponent(id), rest, now), headers };
  };

  function answer(asked: Asked, first: string, id: string, rest: string, now: Millis): Answer {
    const { method, query } = asked;
    if (first === 'oncalls' && method === 'GET') return list(asked, 'oncalls', onCalls(query, now));
    if (first === 'users' && method === 'GET') {
      if (id === '') {
        const wanted = (query.get('query') ?? '').toLowerCase();
        const found = pagerUsers.filter((user) =>
          `${user.name} ${user.email}`.toLowerCase().includes(wanted),
        );
        return list(asked, 'users', found.map(userJson));
      }
      const user = userById(id);
      return user === null ? notFound : ok({ user: userJson(user) });
    }
    if (first === 'schedules' && method === 'GET') return schedule(id, LEGACY_SCHEDULE, 'schedule', 404);
    if (first === 'v3' && method === 'GET') return schedule(rest, V3_SCHEDULE, 'v3_schedule', 400);
    if (first === 'incidents') return incidents(asked, id, rest);
    return notFound;
  }

  function incidents(asked: Asked, id: string, rest: string): Answer {
    const { method, query } = asked;
    if (id === '' && method === 'GET') {
      const key = query.get('incident_key');
      const statuses = query.getAll('statuses[]');
      const found = alerts
        .incidents()
        .filter((one) => key === null || one.dedupKey === key)
        .filter((one) => statuses.length === 0 || statuses.includes(one.status));
      return list(asked, 'incidents', found.map(incidentJson));
    }
    const incident = alerts.incident(id);
    if (incident === null) return notFound;
    if (method === 'GET' && rest === '') return ok({ incident: incidentJson(incident) });
    if (method === 'GET' && rest === 'alerts') {
      return list(asked, 'alerts', [
        { id: `A${incident.id}`, type: 'alert', alert_key: incident.dedupKey, status: incident.status },
      ]);
    }
    if (method === 'GET' && rest === 'notes') return ok({ notes: incident.notes.map(noteJson) });
    const changes = (method === 'PUT' && rest === '') || (method === 'POST' && rest === 'notes');
    if (!changes) return notFound;
    const from = asked.headers.from;
    if (typeof from !== 'string') {
      return failure(400, 2100, 'Invalid Input Provided', ['From header is required']);
    }
    const by = userByEmail(from);
    if (by === null) return failure(400, 1008, 'Requester User Not Found');
    const answered = method === 'PUT' ? move(asked, incident, by) : note(asked, incident, by);
    context.record({
      target: 'pagerduty',
      method,
      path: asked.path,
      decisionId: null,
      status: answered.status,
    });
    return answered;
  }

  function move(asked: Asked, incident: Incident, by: PagerUser): Answer {
    const status = (json(asked.body) as { incident?: { status?: unknown } } | null)?.incident?.status;
    if (status !== 'acknowledged' && status !== 'resolved') {
      return failure(400, 2001, 'Invalid Input Provided', ['Status is invalid']);
    }
    const moved = alerts.moveById(incident.id, status, by);
    if (moved === 'over') return failure(400, 1001, 'Incident Already Resolved');
    if (moved === 'same') return failure(400, 1002, 'Incident Already Acknowledged');
    return ok({ incident: incidentJson(alerts.incident(incident.id) ?? incident) });
  }

  function note(asked: Asked, incident: Incident, by: PagerUser): Answer {
    const text = (json(asked.body) as { note?: { content?: unknown } } | null)?.note?.content;
    if (typeof text !== 'string' || text.trim() === '') {
      return failure(400, 2001, 'Invalid Input Provided', ["Content can't be empty"]);
    }
    const made = { by: by.name, text, at: context.clock.now() };
    alerts.note(incident.id, made, by.id);
    return { status: 201, body: { note: noteJson(made) } };
  }
}

export function incidentJson(one: Incident): Record<string, unknown> {
  return {
    id: one.id,
    type: 'incident',
    summary: `[#${one.number}] ${one.summary}`,
    title: one.summary,
    number: one.number,
    status: one.status,
    incident_key: one.dedupKey,
    created_at: iso(one.at),
    html_url: `https://muster-sandbox.pagerduty.com/incidents/${one.id}`,
    self: `https://api.pagerduty.com/incidents/${one.id}`,
    urgency: one.severity === 'critical' || one.severity === 'error' ? 'high' : 'low',
    service: { id: SERVICE.id, type: 'service_reference', summary: SERVICE.name },
    escalation_policy: { id: POLICY.id, type: 'escalation_policy_reference', summary: POLICY.name },
  };
}

function onCalls(query: URLSearchParams, now: Millis): object[] {
  const policies = query.getAll('escalation_policy_ids[]');
  if (policies.length > 0 && !policies.includes(POLICY.id)) return [];
  const from = timeIn(query, 'since') ?? now;
  const to = timeIn(query, 'until') ?? now;
  return turns(from, to).map(({ user, level, schedule, start, end }) => ({
    escalation_policy: { id: POLICY.id, type: 'escalation_policy_reference', summary: POLICY.name },
    escalation_level: level,
    schedule:
      schedule === null
        ? null
        : {
            id: schedule.id,
            type: schedule.v3 ? 'v3_schedule_reference' : 'schedule_reference',
            summary: schedule.name,
          },
    user: query.getAll('include[]').includes('users')
      ? userJson(user)
      : { id: user.id, type: 'user_reference', summary: user.name },
    start: start === null ? null : iso(start),
    end: end === null ? null : iso(end),
  }));
}

/** A v3 schedule is not found by the old path, and a legacy id is a mistake on the new one. */
function schedule(id: string, known: { id: string; name: string }, type: string, otherwise: number): Answer {
  if (id === known.id) return ok({ schedule: { id, type, name: known.name, summary: known.name } });
  return otherwise === 404 ? notFound : failure(400, 2001, 'Invalid Input Provided');
}

function userJson(user: PagerUser): Record<string, unknown> {
  return {
    id: user.id,
    type: 'user',
    summary: user.name,
    name: user.name,
    email: user.email,
    time_zone: user.timeZone,
  };
}

const noteJson = (note: Incident['notes'][number]): object => ({
  id: `N${randomBytes(6).toString('hex').toUpperCase()}`,
  content: note.text,
  created_at: iso(note.at),
  user: { type: 'user_reference', summary: note.by },
});

function list(asked: Asked, key: string, rows: object[]): Answer {
  const limit = Math.min(100, numberIn(asked.query, 'limit') ?? 25);
  const offset = numberIn(asked.query, 'offset') ?? 0;
  if (offset + limit > 10_000) return failure(400, 2001, 'Invalid Input Provided', ['Offset is too large']);
  const more = rows.length > offset + limit;
  return ok({ [key]: rows.slice(offset, offset + limit), limit, offset, more, total: null });
}

const ok = (body: object): Answer => ({ status: 200, body });
function failure(status: number, code: number, message: string, errors: string[] = []): Answer {
  return { status, body: { error: { code, message, ...(errors.length === 0 ? {} : { errors }) } } };
}
const notFound = failure(404, 2100, 'Not Found');
const iso = (at: Millis): string => new Date(at).toISOString();

/** How many more may come within the minute; below zero: too many. */
function createWindow(most: number): (now: Millis) => number {
  let minute = -1;
  let taken = 0;
  return (now) => {
    const current = Math.floor(now / MINUTE_MS);
    if (current !== minute) [minute, taken] = [current, 0];
    taken += 1;
    return most - taken;
  };
}

function timeIn(query: URLSearchParams, name: string): Millis | null {
  const at = Date.parse(query.get(name) ?? '');
  return Number.isNaN(at) ? null : at;
}

function numberIn(query: URLSearchParams, name: string): number | null {
  const value = Number(query.get(name) ?? Number.NaN);
  return Number.isInteger(value) && value >= 0 ? value : null;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
