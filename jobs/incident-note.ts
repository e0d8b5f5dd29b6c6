import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import { defineJob } from './job.js';

const DAY_MS = 86_400_000;

/** Writes one note on an incident. A note that was surely not taken is tried again; what is unknown is not said twice. */
export const incidentNote = defineJob({
  name: 'incident-note',
  data: z.object({ v: z.literal(1), pagerId: z.string(), id: z.string(), text: z.string() }),
  deadlineMs: 20_000,
  async run({ pagerId, id, text }, context) {
    const { incidents, store } = context;
    if (!incidents || !(await store.once(`note-${id}`, DAY_MS))) return;
    try {
      await incidents.note(pagerId, text);
    } catch (error) {
      await store.undoOnce(`note-${id}`);
      throw error;
    }
  },
});

/** `id` names the note: the same one is written once. */
export const noteLater = (pagerId: string, id: string, text: string, context: JobContext): Promise<void> =>
  context.queue.enqueue('incident-note', { v: 1, pagerId, id, text }, { dedupe: `note-${id}` });
