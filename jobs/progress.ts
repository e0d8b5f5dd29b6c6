/** How far a decision has got: kept with its message, its audit entry and what is lacking, in one transaction. */
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import type { DecisionStatus, DesiredState } from '../src/core/model.js';
import type { Lease } from '../src/ports.js';
import { announceAll } from './announce.js';
import { decisionRow, lackRow } from './messages.js';

/** Keeps what was learnt, only when it is news: a message is updated, never chattered. */
export async function note(
  fleet: FleetConfig,
  lease: Lease,
  before: DesiredState,
  now: DesiredState,
  text: string | null,
  lacks: boolean,
  context: JobContext,
): Promise<void> {
  const isNews = before.note !== text || before.actedAt !== now.actedAt || before.restUntil !== now.restUntil;
  if (before.status === 'applying' && !isNews) return;
  await store(fleet, lease, { ...now, status: 'applying', note: text }, 'applying', lacks, context);
}

export async function end(
  fleet: FleetConfig,
  lease: Lease,
  desired: DesiredState,
  status: 'ready' | 'failed',
  text: string | null,
  context: JobContext,
): Promise<void> {
  await store(fleet, lease, { ...desired, status, note: text }, status, false, context);
}

async function store(
  fleet: FleetConfig,
  lease: Lease,
  desired: DesiredState,
  status: DecisionStatus,
  lacks: boolean,
  context: JobContext,
): Promise<void> {
  const record = await context.store.decision(fleet.name, desired.decisionId);
  const now = context.clock.now();
  const outbox =
    record === null
      ? []
      : [await decisionRow({ ...record, status }, desired.note, fleet, now, context.store)];
  const { lack: before, ...rest } = desired;
  const isShort = status === 'failed' || lacks;
  const lack = before ?? (isShort ? { id: desired.decisionId, since: now, tries: 1 } : undefined);
  if (lack !== undefined) outbox.push(lackRow(desired, lack, fleet, now));
  const kept = await context.store.progress(lease, {
    desired: lack === undefined || status === 'ready' ? rest : { ...rest, lack },
    status,
    ...(status === 'applying'
      ? {}
      : {
          audit: {
            at: now,
            by: { id: 'muster', name: 'Muster' },
            action: `scale-${status}`,
            fleet: fleet.name,
            ids: { decision: desired.decisionId },
            ...(desired.note === null ? {} : { detail: { note: desired.note } }),
          },
        }),
    outbox,
    pager: [],
  });
  if (kept !== 'stored') {
    context.log.warn(
      { fleet: fleet.name, decision: desired.decisionId },
      'lost the lease or the decision was superseded',
    );
    return;
  }
  await announceAll(outbox, [], context);
}
