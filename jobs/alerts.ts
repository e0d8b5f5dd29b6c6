/** What the alerts say and page: latency over the objective, and decisions that stopped. */
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import type { AlertState } from '../src/core/incident.js';
import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import type { Millis } from '../src/core/model.js';
import { openOverride } from '../src/core/override.js';
import { decisionsKey, latencyKey, type Paged } from '../src/core/paged.js';
import { cycleMs, type Policy } from '../src/core/policy.js';
import type { Fit } from '../src/core/remedies/index.js';
import { latencyFiring, latencyResolved } from '../src/core/views/alert.js';
import type { FleetState } from '../src/ports.js';
import { announceAll } from './announce.js';
import type { Look } from './look.js';
import { row, stoppedKey } from './messages.js';

/** Two whole cycles went by without a decision. */
export const hasStopped = (lastCycle: Millis, now: Millis, policy: Policy): boolean =>
  now - lastCycle > 3 * cycleMs(policy);

export function stoppedAlert(
  fleet: string,
  kind: 'trigger' | 'resolve',
  lastCycle: Millis,
  now: Millis,
  channel?: string,
): PagerEvent {
  return {
    v: 1,
    kind,
    fleet,
    dedupKey: decisionsKey(fleet),
    summary: `${fleet}: ${kind === 'trigger' ? 'no scaling decision for more than two cycles' : 'decisions are made again'}`,
    severity: 'error',
    details: { lastCycle: new Date(lastCycle).toISOString() },
    at: now,
    ...(channel === undefined ? {} : { message: { channel, key: stoppedKey(fleet, lastCycle) } }),
  };
}

export function latencyAlert(
  fleet: FleetConfig,
  event: 'fired' | 'updated' | 'resolved',
  alert: AlertState,
  looked: Look,
  state: FleetState,
  now: Millis,
  context: JobContext,
  known: { paged: Paged | null; fits: Fit[] } = { paged: null, fits: [] },
): { outbox: OutboxRow[]; pager: PagerEvent[]; announce(): Promise<void> } {
  const { sample } = looked;
  const seen = {
    fleet: fleet.name,
    state: alert,
    sample,
    policy: fleet.policy,
    latest: state.latest,
    override: openOverride(state.override, now),
    now,
    ...known,
  };
  const message = event === 'resolved' ? latencyResolved(seen) : latencyFiring(seen);
  const outbox = [row(fleet.channel, `latency-${alert.id}`, fleet.name, 'alert', now, message)];
  const pager: PagerEvent[] =
    event === 'updated'
      ? []
      : [
          {
            v: 1,
            kind: event === 'fired' ? 'trigger' : 'resolve',
            fleet: fleet.name,
            dedupKey: latencyKey(fleet.name, alert.id ?? ''),
            summary: message.summary,
            severity: 'critical',
            details: {
              p95Seconds: sample.p95Seconds,
              objectiveSeconds: fleet.policy.slo.p95Seconds,
              oldestAgeSeconds: sample.oldestAgeSeconds,
              requestsPerSecond: sample.requestsPerSecond,
              backlog: sample.backlog,
              ready: sample.ready,
              starting: sample.starting,
              desired: state.memory?.desired ?? null,
              lastDecision: state.latest?.id ?? null,
              fittingRemedy: known.fits[0]?.remedy.name ?? null,
            },
            at: now,
            message: { channel: fleet.channel, key: `latency-${alert.id}` },
          },
        ];
  return { outbox, pager, announce: () => announceAll(outbox, pager, context) };
}
