import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import { evaluationsStopped } from '../src/core/views/notice.js';
import { hasStopped, stoppedAlert } from './alerts.js';
import { announceAll, announceTo } from './announce.js';
import { defineJob } from './job.js';
import { row } from './messages.js';

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
    for (const fleet of context.fleets) healthy = (await isHealthy(fleet.name, context)) && healthy;
    for (const { channel, count } of await context.store.waiting()) {
      context.meter.outbox(channel, count);
      await announceTo(channel, context);
    }
    if (healthy) await context.heartbeat();
  },
});

/** A fleet that nothing was ever seen of is no reason for an alert yet, but none to call all well either. */
async function isHealthy(name: string, context: JobContext): Promise<boolean> {
  const fleet = context.fleet(name);
  const state = await context.store.fleet(name);
  const now = context.clock.now();
  const firstSeen = state.memory?.firstAt ?? now;
  const last = state.lastCycle ?? firstSeen;
  const late = hasStopped(last, now, fleet.policy);
  // The alert is named by the last decision it missed, so that any replica says it once.
  const key = `watchdog-${name}-${last}`;
  if (late && (await context.store.once(key, AGAIN_MS))) {
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
  return !late && state.memory !== null;
}
