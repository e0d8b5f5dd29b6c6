import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { approverRole, openAccess } from '../src/core/access.js';
import type { OutboxRow } from '../src/core/message.js';
import type { RemedyStep } from '../src/core/remedies/remedy.js';
import type { RemedyRun } from '../src/core/remedies/run.js';
import { approvalWords, remedyMessage } from '../src/core/views/remedy.js';
import { OutsideError } from '../src/errors.js';
import { performRemedy } from '../src/perform.js';
import type { Lease, StoredMachine } from '../src/ports.js';
import { nodesOut } from '../src/symptoms.js';
import { announceAll } from './announce.js';
import { noteLater } from './incident-note.js';
import { defineJob } from './job.js';
import { madeBefore } from './made.js';
import { row } from './messages.js';

/** Until somebody else lets go of the fleet, or a drain is over; Muster time. */
const WAIT_MS = 10_000;
const RETRY_MS = 20_000;
/** Between two looks at a drain that does not end. */
const LATE_MS = 60_000;
/** What has not come to its end by then is given up; a node that was drained is given back however late it is. */
const OVERDUE_MS = 30 * 60_000;

/**
 * Carries out one step of a remedy a run, under the fleet's lease: no scaling and no rollout at the same moment. A crash
 * costs nothing but that the step is done again.
 */
export const remedy = defineJob({
  name: 'remedy',
  data: z.object({ v: z.literal(1), id: z.string() }),
  deadlineMs: 30_000,
  async run({ id }, context) {
    const stored = (await context.store.machine('remedy', id)) as StoredMachine<RemedyRun> | null;
    if (stored === null) return;
    // A run that ended in a process which ended with it, before it said so.
    if (!stored.open) return tellIncident(stored.state, id, context);
    const fleet = context.fleet(stored.fleet);
    const { holder, leaseMs } = context.settings;
    const lease = await context.store.lease(fleet.name, holder, leaseMs);
    if (lease === null) return again(id, WAIT_MS, context);
    let next: number | null;
    try {
      next = await oneStep(stored, fleet, lease, context);
    } finally {
      await context.store.release(lease);
    }
    if (next !== null) await again(id, next, context);
  },
});

const again = (id: string, delayMs: number, context: JobContext): Promise<void> =>
  context.queue.enqueue('remedy', { v: 1, id }, { dedupe: `remedy-${id}`, delayMs });

/** When to come again, Muster milliseconds; null: it is over. */
async function oneStep(
  stored: StoredMachine<RemedyRun>,
  fleet: FleetConfig,
  lease: Lease,
  context: JobContext,
): Promise<number | null> {
  const run = stored.state;
  const step = run.steps[run.next];
  const now = context.clock.now();
  if (step === undefined) return end(stored, { ...run, status: 'done' }, fleet, lease, context);
  const isOverdue = now - run.at > OVERDUE_MS;
  const isReturn = step.do === 'return-node';
  if (isOverdue && !isReturn) {
    return end(stored, failed(run, 'It took too long and was given up.'), fleet, lease, context);
  }
  try {
    const result = await act(step, run, `${stored.id}-${run.next}`, fleet, context);
    if (result === 'wait') return isOverdue ? LATE_MS : WAIT_MS;
    const outcome = [...run.outcome, result.said];
    if (result.status !== 'done')
      return end(stored, { ...run, outcome, status: result.status }, fleet, lease, context);
    const moved = { ...run, outcome, next: run.next + 1 };
    const isLast = moved.next >= run.steps.length;
    return end(stored, { ...moved, status: isLast ? 'done' : 'running' }, fleet, lease, context);
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    context.meter.peerFailed(error.peer, error.why);
    context.log.warn({ fleet: fleet.name, remedy: run.name, class: error.class }, error.message);
    if (error.class === 'human') {
      const refused = `${error.peer} refused it (${error.why}).`;
      if (!isReturn) return end(stored, failed(run, refused), fleet, lease, context);
      const told = `${refused} It is tried again until the node takes work.`;
      if (run.outcome.at(-1) === told) return LATE_MS;
      return end(stored, { ...run, outcome: [...run.outcome, told] }, fleet, lease, context);
    }
    return error.retryAfterMs === null
      ? RETRY_MS
      : Math.max(RETRY_MS, error.retryAfterMs * context.clock.speed);
  }
}

const failed = (run: RemedyRun, why: string): RemedyRun => ({
  ...run,
  outcome: [...run.outcome, why],
  status: 'failed',
});

/** A command goes by the one road of people's words; everything else touches the world in perform.ts. */
async function act(
  step: RemedyStep,
  run: RemedyRun,
  id: string,
  fleet: FleetConfig,
  context: JobContext,
): Promise<'wait' | Acted> {
  // A maintenance that has begun meanwhile keeps it out, and gives it back.
  if (step.do === 'return-node' && (await nodesOut(fleet.name, context.store)).includes(step.node))
    return { status: 'done', said: `${step.name} is under maintenance by now, which gives it back.` };
  if (step.do !== 'say') {
    const result = await performRemedy(step, fleet, context);
    return result === 'wait' ? 'wait' : { status: result.ok ? 'done' : 'failed', said: result.said };
  }
  const made = await madeBefore(id, fleet, context.store);
  if (made !== null) return { status: 'done', said: made };
  const { by, email, auto } = run;
  const how = auto ? 'by-itself' : 'confirmed';
  const reply = await context.handle({ text: step.text, by, email, where: 'remedy', step: how, id });
  const said = reply.message.summary;
  if (reply.waits === true) {
    const role = approverRole(context.settings.access ?? openAccess());
    return { status: 'waits', said: `${said} ${approvalWords(role, fleet.channel)}` };
  }
  return { status: reply.refused === undefined ? 'done' : 'failed', said };
}

interface Acted {
  status: 'done' | 'failed' | 'waits';
  said: string;
}

/** Keeps where the run is; its one message follows, and at the end the incident's note. */
async function end(
  stored: StoredMachine<RemedyRun>,
  run: RemedyRun,
  fleet: FleetConfig,
  lease: Lease,
  context: JobContext,
): Promise<number | null> {
  const now = context.clock.now();
  const isOver = run.status !== 'running';
  const rank = isOver ? 3 : Math.min(2, run.next);
  const outbox: OutboxRow[] = [
    row(fleet.channel, `remedy-${stored.id}`, fleet.name, 'notice', now, remedyMessage(run), { rank }),
  ];
  const kept = await context.store.saveMachine(
    { ...stored, state: run, open: !isOver, at: now },
    {
      lease,
      ...(isOver
        ? {
            audit: {
              at: now,
              by: run.by,
              action: `remedy-${run.status}`,
              fleet: fleet.name,
              ids: { remedy: stored.id },
              detail: { name: run.name, outcome: run.outcome },
            },
          }
        : {}),
      outbox,
      pager: [],
    },
  );
  if (kept !== 'stored') return WAIT_MS;
  await announceAll(outbox, [], context);
  if (!isOver) return 0;
  await tellIncident(run, stored.id, context);
  return null;
}

/** What came of it, as a note of the incident it was asked for on; said again it is the same note. */
async function tellIncident(run: RemedyRun, id: string, context: JobContext): Promise<void> {
  if (run.pagerId === null) return;
  const how = run.status === 'waits' ? 'waits for an approval' : run.status;
  const text = `Remedy ${run.name} ${how}, asked for by ${run.by.name}. ${run.outcome.join(' ')}`;
  await noteLater(run.pagerId, `remedy-${id}`, text, context);
}
