/** Incidents, notes and people over PagerDuty's REST API. Whatever is there already counts as done. */
import { z } from 'zod';
import type { PagerPerson } from '../../core/rota.js';
import { OutsideError } from '../../errors.js';
import type { IncidentSeen, Incidents } from '../../ports.js';
import { odd, type RestApi } from './rest-api.js';
import { whole } from './words.js';

const ALREADY_RESOLVED = 1001;
const ALREADY_ACKNOWLEDGED = 1002;
const UNKNOWN_REQUESTER = 1008;
const NOTE_LENGTH = 25_000;

export const personSchema = z
  .object({
    id: z.string(),
    name: z.string().optional(),
    summary: z.string().nullish(),
    email: z.string().nullish(),
    time_zone: z.string().nullish(),
  })
  .transform(
    (user): PagerPerson => ({
      id: user.id,
      name: user.name ?? user.summary ?? user.id,
      email: user.email ?? null,
      timeZone: user.time_zone ?? null,
    }),
  );

export const incidentSchema = z
  .object({
    id: z.string(),
    incident_key: z.string().nullish(),
    status: z.enum(['triggered', 'acknowledged', 'resolved']),
    title: z.string().nullish(),
    summary: z.string().nullish(),
    html_url: z.string().nullish(),
  })
  .transform(
    (one): IncidentSeen => ({
      id: one.id,
      key: one.incident_key ?? null,
      status: one.status,
      title: one.title ?? one.summary ?? one.id,
      url: one.html_url ?? null,
    }),
  );

const asNote = (text: string): string => whole(text.slice(0, NOTE_LENGTH));

const notesSchema = z.array(z.object({ content: z.string() }));

export function createIncidents(
  rest: RestApi,
  options: { /** Who notes are written as. */ from: string | null },
): Incidents {
  const asked = async <T>(path: string, key: string, shape: z.ZodType<T>): Promise<T | null> => {
    const answer = await rest.call('GET', path);
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw rest.refused(`GET ${path}`, answer);
    const read = shape.safeParse((answer.body as Record<string, unknown> | null)?.[key]);
    if (!read.success) throw odd(`GET ${path}`, key);
    return read.data;
  };
  const speaker = (email: string | null, tried: string): string => {
    const from = email ?? options.from;
    if (from !== null) return from;
    throw new OutsideError('pagerduty', tried, 'PAGERDUTY_FROM is not set, and PagerDuty asks who does it', {
      class: 'human',
      why: 'refused',
    });
  };

  return {
    async get(id) {
      const path = `/incidents/${encodeURIComponent(id)}`;
      const seen = await asked(path, 'incident', incidentSchema);
      // An incident with several alerts has a key of its own: then the first alert says what it is about.
      if (seen === null || seen.key?.startsWith('muster/')) return seen;
      const keys = await rest.all(
        `${path}/alerts`,
        [],
        'alerts',
        z.object({ alert_key: z.string().nullish() }),
      );
      const key = keys.find((alert) => alert.alert_key?.startsWith('muster/') === true)?.alert_key;
      return { ...seen, key: key ?? seen.key };
    },
    async byKey(dedupKey) {
      const query: [string, string][] = [
        ['incident_key', dedupKey],
        ['statuses[]', 'triggered'],
        ['statuses[]', 'acknowledged'],
      ];
      const found = await rest.all('/incidents', query, 'incidents', incidentSchema);
      return found.at(-1) ?? null;
    },
    async move(id, to, email) {
      const path = `/incidents/${encodeURIComponent(id)}`;
      const from = speaker(email, `PUT ${path}`);
      const body = { incident: { type: 'incident_reference', status: to } };
      const answer = await rest.call('PUT', path, { body, from });
      if (answer.status === 200) return 'done';
      const { code } = answer;
      if (code === ALREADY_RESOLVED || (code === ALREADY_ACKNOWLEDGED && to === 'acknowledged'))
        return 'done';
      if (code === UNKNOWN_REQUESTER) return 'unknown-person';
      throw rest.refused(`PUT ${path}`, answer);
    },
    async note(id, text) {
      const path = `/incidents/${encodeURIComponent(id)}/notes`;
      const from = speaker(null, `POST ${path}`);
      const body = { note: { content: asNote(text) } };
      const answer = await rest.call('POST', path, { body, from });
      if (answer.status !== 200 && answer.status !== 201) throw rest.refused(`POST ${path}`, answer);
    },
    async hasNote(id, text) {
      const notes = await asked(`/incidents/${encodeURIComponent(id)}/notes`, 'notes', notesSchema);
      return notes?.some(({ content }) => content.trim() === asNote(text).trim()) ?? false;
    },
    person: (id) => asked(`/users/${encodeURIComponent(id)}`, 'user', personSchema),
    async personByEmail(email) {
      // The search also finds parts of names: only the very address counts.
      const found = await rest.all('/users', [['query', email]], 'users', personSchema);
      return found.find((one) => one.email?.toLowerCase() === email.toLowerCase()) ?? null;
    },
  };
}
