import { z } from 'zod';
import { announceTo } from './announce.js';
import { defineJob } from './job.js';

/** The schedulers' only job: it turns a slot of the shared schedule into work, so that a slow run never delays the next slot. */
export const tick = defineJob({
  name: 'tick',
  data: z.discriminatedUnion('kind', [
    z.object({ v: z.literal(1), kind: z.literal('minute') }),
    z.object({ v: z.literal(1), kind: z.literal('cycle'), fleet: z.string() }),
  ]),
  deadlineMs: 10_000,
  async run(data, context) {
    if (data.kind === 'cycle') {
      await context.queue.enqueue(
        'evaluate',
        { v: 1, fleet: data.fleet, trigger: 'cycle', cycle: context.slot },
        { dedupe: `evaluate-${data.fleet}` },
      );
      return;
    }
    await Promise.all(
      context.fleets.map((fleet) =>
        context.queue.enqueue('observe', { v: 1, fleet: fleet.name }, { dedupe: `observe-${fleet.name}` }),
      ),
    );
    for (const { channel } of await context.store.waiting()) await announceTo(channel, context);
  },
});
