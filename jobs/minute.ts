import { z } from 'zod';
import { MAINTENANCE } from '../src/core/maintenance/state.js';
import { announceTo } from './announce.js';
import { wakeApproved } from './approval.js';
import { defineJob } from './job.js';
import { wakeMaintenance } from './maintenance.js';

/** An enqueue has a second: of thousands at once the last ones would be too late. */
const AT_ONCE = 100;

/** Every minute: asks for an observation of each fleet, and wakes open maintenances, approvals that were not carried out, proposals whose time is over, and the senders of whatever still waits. */
export const minute = defineJob({
  name: 'minute',
  data: z.object({ v: z.literal(1) }),
  deadlineMs: 10_000,
  async run(_data, context) {
    for (let from = 0; from < context.fleets.length; from += AT_ONCE)
      await Promise.all(
        context.fleets
          .slice(from, from + AT_ONCE)
          .map(({ name }) =>
            context.queue.enqueue('observe', { v: 1, fleet: name }, { dedupe: `observe-${name}` }),
          ),
      );
    const nodes = (await context.store.machines(MAINTENANCE)).filter(({ open }) => open);
    for (const fleet of new Set(nodes.map(({ fleet: name }) => name))) await wakeMaintenance(fleet, context);
    for (const { id, open } of await context.store.machines('remedy')) {
      if (open) await context.queue.enqueue('remedy', { v: 1, id }, { dedupe: `remedy-${id}` });
    }
    await wakeApproved(context);
    for (const { channel } of await context.store.waiting()) await announceTo(channel, context);
  },
});
