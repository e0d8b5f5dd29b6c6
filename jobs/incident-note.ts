import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import { OutsideError } from '../src/errors.js';
import { defineJob } from './job.js';

const DAY_MS = 86_400_000;
const RETRY_MS = 30_000;
/** A note that could not be written for so long tells nobody anything any more; Muster time. */
const PATIENCE_MS = 6 * 3_600_000;

/**
 * Writes one note on an incident. What became of a try is not always known (no answer, a crash): then the incident is
 * looked at first, so that a note is neither lost nor written twice.
 */
export const incidentNote = defineJob({
  name: 'incident-note',
  data: z.object({
    v: z.literal(1),
    pagerId: z.string(),
    id: z.string(),
    text: z.string(),
    /** Since when it is tried; absent: since this run. */
    since: z.number().optional(),
  }),
  deadlineMs: 20_000,
  async run(note, context) {
    const { incidents, store, clock } = context;
    const { pagerId, id, text, since = clock.now() } = note;
    if (!incidents || (await store.wasOnce(`note-${id}`))) return;
    try {
      const isFirst = await store.once(`note-tried-${id}`, DAY_MS);
      if (isFirst || !(await incidents.hasNote(pagerId, text))) await incidents.note(pagerId, text);
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      context.meter.peerFailed(error.peer, error.why);
      context.log.warn({ incident: pagerId, class: error.class }, error.message);
      const isHopeless = error.class === 'human' || clock.now() - since > PATIENCE_MS;
      if (isHopeless) return;
      const delayMs = Math.max(RETRY_MS, (error.retryAfterMs ?? 0) * clock.speed);
      await context.queue.enqueue('incident-note', { ...note, since }, { dedupe: `note-${id}`, delayMs });
      return;
    }
    await store.once(`note-${id}`, DAY_MS);
  },
});

/** `id` names the note: the same one is written once. */
export const noteLater = (pagerId: string, id: string, text: string, context: JobContext): Promise<void> =>
  context.queue.enqueue('incident-note', { v: 1, pagerId, id, text }, { dedupe: `note-${id}` });
