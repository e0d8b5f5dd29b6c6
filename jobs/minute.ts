import { z } from 'zod';
import { announceTo } from './announce.js';
import { defineJob } from './job.js';

/** Every minute: asks for an observation of each fleet, and wakes the senders of whatever still waits. */
export const minute = defineJob({
  name: 'minute',
  data: z.object({ v: z.literal(1) }),
  deadlineMs: 10_000,
  async run(_data, context) {
    await Promise.all(
      context.fleets.map(({ name }) =>
        context.queue.enqueue('observe', { v: 1, fleet: name }, { dedupe: `observe-${name}` }),
      ),
    );
    for (const { channel } of await context.store.waiting()) await announceTo(channel, context);
  },
});
