import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import { isWaiting, type Proposal } from '../src/core/proposal.js';
import type { StoredMachine } from '../src/ports.js';
import { defineJob } from './job.js';

/**
 * Carries out what was approved by a click whose process was lost, by the one road, which knows what is done already. What
 * nobody clicked in time loses its buttons: they would promise what they do not do any more.
 */
export const approval = defineJob({
  name: 'approval',
  data: z.object({ v: z.literal(1), id: z.string() }),
  deadlineMs: 30_000,
  async run({ id }, context) {
    const stored = (await context.store.machine('proposal', id)) as StoredMachine<Proposal> | null;
    if (stored === null) return;
    const by = { id: 'muster', name: 'Muster' };
    if (isUndone(stored)) {
      const reply = await context.handle({ text: `confirm ${id}`, by, where: 'muster' });
      context.log.info(
        { proposal: id, refused: reply.refused ?? null },
        `took up an approval: ${reply.message.summary}`,
      );
    } else if (isLate(stored, context)) {
      // To drop what is too late finds it expired, and a click at the same moment, too: the first one settles it.
      await context.handle({ text: `decline ${id}`, by, where: 'muster' });
    }
  },
});

/** Each minute. */
export async function wakeApproved(context: JobContext): Promise<void> {
  const stored = (await context.store.machines('proposal')) as StoredMachine<Proposal>[];
  for (const { id } of stored.filter((one) => isUndone(one) || isLate(one, context)))
    await context.queue.enqueue('approval', { v: 1, id }, { dedupe: `approval-${id}` });
}

const isUndone = ({ open, state }: StoredMachine<Proposal>): boolean => open && state.undone === true;

function isLate({ open, state }: StoredMachine<Proposal>, { machineNow, clock }: JobContext): boolean {
  return open && isWaiting(state) && (machineNow ?? clock.now)() >= state.expires;
}
