import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import type { Millis } from '../src/core/model.js';
import { decisionsKey, newPaged, type Paged, pagedId } from '../src/core/paged.js';
import { evaluationsStopped } from '../src/core/views/notice.js';
import type { StoredMachine } from '../src/ports.js';
import { hasStopped, stoppedAlert } from './alerts.js';
import { announceAll, announceTo } from './announce.js';
import { defineJob } from './job.js';
import { row, stoppedKey } from './messages.js';
import { pagedMachine, readPaged } from './paged.js';

/** Said again after so long while it lasts, in place and under the same dedup key: a crash may have lost it. Machine time. */
const AGAIN_MS = 10 * 60_000;

/**
 * Alerts when a fleet's evaluations stop, and tells the outside while they go on. It cannot see its own death: /readyz,
 * muster_last_decision_timestamp_seconds and the heartbeat address are there for that.
 */
export const watchdog = defineJob({
  name: 'watchdog',
  data: z.object({ v: z.literal(1) }),
  deadlineMs: 20_000,
  async run(_data, context) {
    let healthy = true;
    const open = (await context.store.machines('paged')).filter((each) => each.open);
    for (const fleet of context.fleets) healthy = (await isHealthy(fleet, open, context)) && healthy;
    for (const { channel, count } of await context.store.waiting()) {
      context.meter.outbox(channel, count);
      await announceTo(channel, context);
    }
    if (healthy) await context.heartbeat();
  },
});

/** A fleet that nothing was ever seen of is no reason for an alert yet, but none to call all well either. */
async function isHealthy(fleet: FleetConfig, open: StoredMachine[], context: JobContext): Promise<boolean> {
  const { name } = fleet;
  const state = await context.store.fleet(name);
  const now = context.clock.now();
  const last = state.lastCycle ?? state.memory?.firstAt ?? now;
  const late = hasStopped(last, now, fleet.policy);
  const known = open.find((each) => each.id === pagedId(decisionsKey(name)));
  if (late) await alarm(fleet, state.lastCycle, last, context);
  else if (known !== undefined) await callOff(known, last, context);
  return !late && state.memory !== null;
}

async function alarm(
  fleet: FleetConfig,
  lastCycle: Millis | null,
  last: Millis,
  context: JobContext,
): Promise<void> {
  const { name, channel } = fleet;
  const { store, log, clock } = context;
  const key = stoppedKey(name, last);
  if (!(await store.once(key, AGAIN_MS))) return;
  log.error({ fleet: name, lastCycle: last }, 'no decision for more than two cycles');
  const now = clock.now();
  const event = stoppedAlert(name, 'trigger', last, now, channel);
  const known = await readPaged(decisionsKey(name), event.summary, context);
  if (known === null) return;
  const isOpen = known.paged.status !== 'resolved';
  const paged = isOpen ? known.paged : newPaged(decisionsKey(name), name, event.summary, now);
  const shown = context.pager === null ? null : paged;
  const message = evaluationsStopped(name, lastCycle, (now - last) / 1_000, shown);
  const outbox = [row(channel, key, name, 'alert', now, message)];
  const machine = pagedMachine(known, paged, now);
  if ((await store.saveMachine(machine, { outbox, pager: [event] })) !== 'stored') {
    // Somebody moved the incident at this moment: said with the next minute's look.
    return store.undoOnce(key);
  }
  await announceAll(outbox, [event], context);
}

/**
 * Decisions are made again, but the incident is open still: the decision that ended the silence came at the same moment as
 * the alarm, or no webhook tells of the end. PagerDuty takes a second end as none.
 */
async function callOff(known: StoredMachine, last: Millis, context: JobContext): Promise<void> {
  const now = context.clock.now();
  const event = stoppedAlert(known.fleet, 'resolve', last, now);
  const state: Paged = { ...(known.state as Paged), status: 'resolved', by: null, at: now };
  const machine = { ...known, open: false, at: now, state };
  if ((await context.store.saveMachine(machine, { outbox: [], pager: [event] })) !== 'stored') return;
  await announceAll([], [event], context);
}
