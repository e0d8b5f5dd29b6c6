import { z } from 'zod';
import { afterEvent, type PagedStatus } from '../src/core/paged.js';
import { defineJob } from './job.js';
import { keepPaged, readPaged } from './paged.js';
import { noteSuggested, suggest } from './pagerduty-action.js';

const RACES = 4;

const STATUS: Record<string, PagedStatus> = {
  'incident.triggered': 'triggered',
  'incident.acknowledged': 'acknowledged',
  'incident.unacknowledged': 'triggered',
  'incident.reopened': 'triggered',
  'incident.resolved': 'resolved',
};

/**
 * One webhook of PagerDuty, taken from the queue. It may come any number of times: what was applied is remembered with
 * the incident, in the same transaction.
 */
export const pagerdutyEvent = defineJob({
  name: 'pagerduty-event',
  data: z.object({
    v: z.literal(1),
    id: z.string(),
    type: z.string(),
    at: z.number().nullable(),
    incident: z.object({
      id: z.string(),
      key: z.string().nullable(),
      title: z.string(),
      url: z.string().nullable(),
    }),
    agent: z.object({ id: z.string(), name: z.string() }).nullable(),
  }),
  deadlineMs: 20_000,
  async run({ id, type, at, incident, agent }, context) {
    const status = STATUS[type];
    if (status === undefined) return;
    // Only the incident itself says so where its key is not the alert's.
    const key = incident.key?.startsWith('muster/')
      ? incident.key
      : ((await context.incidents?.get(incident.id))?.key ?? null);
    if (key === null) return;
    for (let race = 0; race < RACES; race += 1) {
      const known = await readPaged(key, incident.title, context);
      if (known === null) return;
      const event = {
        id,
        status,
        by: agent?.name ?? null,
        at: at ?? context.clock.now(),
        pagerId: incident.id,
        url: incident.url,
      };
      const next = afterEvent(known.paged, event);
      // PagerDuty says so once an incident, whichever of its events is taken first.
      const isNew = type === 'incident.triggered';
      if (next === null) {
        // A crash before its note was on its way: the same one is asked for again, and written once.
        if (isNew) await noteSuggested(known.paged, incident.id, context);
        return;
      }
      const suggested = isNew ? await suggest(key, incident.id, context) : null;
      const after = suggested === null ? next : { ...next, suggested };
      if (!(await keepPaged(known, after, {}, context))) continue;
      if (isNew) await noteSuggested(after, incident.id, context);
      return;
    }
    throw new Error('the incident kept changing; the event is tried again');
  },
});
