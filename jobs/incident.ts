import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { PagerEvent } from '../src/core/message.js';
import { afterMove, type Paged } from '../src/core/paged.js';
import { OutsideError } from '../src/errors.js';
import { defineJob } from './job.js';
import { keepPaged, readPaged } from './paged.js';

const RACES = 3;

const data = z.object({
  v: z.literal(1),
  fleet: z.string(),
  key: z.string(),
  act: z.enum(['acknowledge', 'resolve']),
  by: z.object({ id: z.string(), name: z.string() }),
  email: z.string().nullable(),
  at: z.number(),
});
type Move = z.output<typeof data>;

/**
 * Somebody took or ended an incident from this side. PagerDuty hears it in their own name; where it cannot be asked, the
 * event goes out by the dedup key with all other pages, again and again until it is taken.
 */
export const incident = defineJob({
  name: 'incident',
  data,
  deadlineMs: 20_000,
  async run(move, context) {
    const to = move.act === 'acknowledge' ? 'acknowledged' : 'resolved';
    for (let race = 0; race < RACES; race += 1) {
      const known = await readPaged(move.key, '', context);
      if (known === null) return;
      const next = afterMove(known.paged, to, move.by.name, context.clock.now());
      if (next === null) return;
      const found = await inPagerDuty(move, to, known.paged, context);
      const after = found === null ? next : { ...next, pagerId: found.id, url: found.url ?? next.url };
      const pager = found === null ? [eventOf(move, next, context)] : [];
      if (await keepPaged(known, after, { pager }, context)) return;
    }
  },
});

/** null: not done there, so that the event must carry it. */
async function inPagerDuty(
  move: Move,
  to: 'acknowledged' | 'resolved',
  paged: Paged,
  context: JobContext,
): Promise<{ id: string; url: string | null } | null> {
  const { incidents } = context;
  if (!incidents) return null;
  try {
    const found = await incidents.byKey(move.key);
    if (found === null) return null;
    const moved = move.email === null ? 'unknown-person' : await incidents.move(found.id, to, move.email);
    if (moved === 'unknown-person') {
      if ((await incidents.move(found.id, to, null)) === 'unknown-person') return null;
      await incidents.note(
        found.id,
        `${to} in Slack by ${move.by.name}, whom PagerDuty does not know by address.`,
      );
    }
    return { id: found.id, url: found.url };
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    context.meter.peerFailed(error.peer, error.why);
    context.log.warn({ incident: paged.dedupKey }, `${error.message}; sent by its key instead`);
    return null;
  }
}

function eventOf(move: Move, paged: Paged, context: JobContext): PagerEvent {
  return {
    v: 1,
    kind: move.act,
    fleet: paged.fleet,
    dedupKey: move.key,
    summary: paged.summary,
    severity: 'critical',
    details: { by: move.by.name },
    at: context.clock.now(),
  };
}
