import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import { evaluationsStopped } from '../src/core/views/notice.js';
import { hasStopped, stoppedAlert } from './alerts.js';
import { announceAll, announceTo } from './announce.js';
import { defineJob } from './job.js';
import { row } from './messages.js';

const FORGET_MS = 7 * 86_400_000;

/**
 * Alerts when a fleet's evaluations stop, and tells the outside while they go on. It cannot see its own death: /readyz,
 * muster_last_decision_timestamp_seconds and the heartbeat address are there for that.
 */
export const watchdog = defineJob({
  name: 'watchdog',
  data: z.object({ v: z.literal(1) }),
  deadlineMs: 20_000,
  async run(_data, context) {
    let late = 0;
    for (const fleet of context.fleets) late += (await isLate(fleet.name, context)) ? 1 : 0;
    for (const { channel, count } of await context.store.waiting()) {
      context.meter.outbox(channel, count);
      await announceTo(channel, context);
    }
    if (late === 0) await context.heartbeat();
  },
});

async function isLate(name: string, context: JobContext): Promise<boolean> {
  const fleet = context.fleet(name);
  const state = await context.store.fleet(name);
  const now = context.clock.now();
  const firstSeen = state.memory?.firstAt ?? now;
  const last = state.lastCycle ?? firstSeen;
  const late = hasStopped(last, now, fleet.policy);
  // The alert is named by the last decision it missed, so that any replica says it once.
  const key = `watchdog-${name}-${last}`;
  if (late && (await context.store.once(key, FORGET_MS))) {
    context.log.error({ fleet: name, lastCycle: last }, 'no decision for more than two cycles');
    const outbox = [
      row(
        fleet.channel,
        key,
        name,
        'alert',
        now,
        evaluationsStopped(name, state.lastCycle, (now - last) / 1_000),
      ),
    ];
    const event = stoppedAlert(name, 'trigger', last, now);
    await context.store.push(outbox, [event]);
    await announceAll(outbox, [event], context);
  }
  return late;
}
