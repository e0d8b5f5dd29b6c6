import { z } from 'zod';
import type { PagerEvent } from '../src/core/message.js';
import { announceAll } from './announce.js';
import { defineJob } from './job.js';

const DAY_MS = 86_400_000;

/** What somebody changed (an override, a freeze), as a change event beside PagerDuty's incidents. */
export const change = defineJob({
  name: 'change',
  data: z.object({
    v: z.literal(1),
    fleet: z.string(),
    id: z.string(),
    summary: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
    at: z.number(),
  }),
  deadlineMs: 10_000,
  async run({ fleet, id, summary, details, at }, context) {
    if (await context.store.wasOnce(`change-${id}`)) return;
    const event: PagerEvent = { v: 1, kind: 'change', fleet, id, summary, details, at };
    await context.store.push([], [event]);
    await context.store.once(`change-${id}`, DAY_MS);
    await announceAll([], [event], context);
  },
});
