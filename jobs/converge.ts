import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { type GroupNow, nextSteps, type Step } from '../src/core/converge.js';
import type { DecisionStatus, DesiredState, Freeze, Millis } from '../src/core/model.js';
import { OutsideError } from '../src/errors.js';
import { perform } from '../src/perform.js';
import type { FleetState, Lease } from '../src/ports.js';
import { announceAll } from './announce.js';
import { defineJob } from './job.js';
import { openFreezes } from './look.js';
import { decisionRow, lackRow } from './messages.js';

/** Between two looks at the cluster while it moves, Muster time. */
const STEP_MS = 10_000;
/** After an outside error, Muster time. */
const RETRY_MS = 20_000;

/**
 * One step toward the desired state per run. It may be killed anywhere: the next run reads intent and the world again and
 * goes on from what is really there.
 */
export const converge = defineJob({
  name: 'converge',
  data: z.object({ v: z.literal(1), fleet: z.string() }),
  deadlineMs: 30_000,
  async run({ fleet: name }, context) {
    const fleet = context.fleet(name);
    const lease = await context.store.lease(name, context.settings.holder, context.settings.leaseMs);
    if (lease === null) return again(name, STEP_MS, context);
    let next: Millis | null;
    try {
      next = await oneStep(fleet, lease, context);
    } finally {
      await context.store.release(lease);
    }
    if (next !== null) await again(name, next, context);
  },
});

const again = (fleet: string, delayMs: Millis, context: JobContext): Promise<void> =>
  context.queue.enqueue('converge', { v: 1, fleet }, { dedupe: `converge-${fleet}`, delayMs });

/** When to come again, in Muster milliseconds; null when there is nothing more to do. */
async function oneStep(fleet: FleetConfig, lease: Lease, context: JobContext): Promise<Millis | null> {
  const state = await context.store.fleet(fleet.name);
  const { desired } = state;
  if (desired === null || desired.status === 'ready' || desired.status === 'failed') return null;
  const now = context.clock.now();
  if (hasNewerIntent(state, now)) {
    await context.queue.enqueue(
      'evaluate',
      { v: 1, fleet: fleet.name, trigger: 'request' },
      { dedupe: `evaluate-${fleet.name}` },
    );
    return STEP_MS;
  }
  const freeze = stops(openFreezes(state.freezes, now), desired);
  if (freeze !== null) {
    await end(
      fleet,
      lease,
      desired,
      'failed',
      `stopped by the freeze of ${freeze.by.name}: ${freeze.reason}`,
      context,
    );
    return null;
  }
  try {
    return await toward(fleet, lease, desired, now, context);
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    tellFailure(fleet, desired, error, context);
    if (isOverdue(desired, fleet, now)) {
      await end(
        fleet,
        lease,
        desired,
        'failed',
        `gave up: ${error.peer} did not do it (${error.why})`,
        context,
      );
      return null;
    }
    await note(fleet, lease, desired, waitingFor(error), false, context);
    return retryMs(error, context);
  }
}

async function toward(
  fleet: FleetConfig,
  lease: Lease,
  desired: DesiredState,
  now: Millis,
  context: JobContext,
): Promise<Millis | null> {
  const failures: OutsideError[] = [];
  const [zones, nodes, groups] = await Promise.all([
    context.orchestrator.zones(fleet.orchestrator),
    context.orchestrator.nodes(fleet.orchestrator),
    // Without the cloud's word no node comes or goes, but workers may still use the room that there is.
    orNote(groupsOf(fleet, context), failures),
  ]);
  const { steps, done } = nextSteps(desired, zones, nodes, groups ?? [], fleet.policy, now);
  if (done) {
    if (failures[0] !== undefined) throw failures[0];
    await end(fleet, lease, desired, 'ready', null, context);
    return null;
  }
  if (isOverdue(desired, fleet, now)) {
    await end(fleet, lease, desired, 'failed', overdueNote(steps), context);
    return null;
  }
  const notes: string[] = [];
  let lacks = false;
  let { actedAt } = desired;
  for (const step of steps) {
    // Reading the world may have taken long: who lost the lease meanwhile leaves the world to its new holder.
    if (isAct(step) && !(await context.store.renew(lease, context.settings.leaseMs))) return STEP_MS;
    const current = zones.find((zone) => zone.zone === step.zone)?.desired ?? 0;
    // A zone whose peer fails does not keep the others from what they need.
    const acting = perform(step, { fleet, decisionId: desired.decisionId, current }, context);
    const outcome = await orNote(acting, failures);
    if (outcome === null) continue;
    if (outcome.note !== null) notes.push(outcome.note);
    lacks ||= outcome.lacks;
    if (outcome.acted && (step.do === 'grow' || step.do === 'scale')) actedAt = now;
  }
  for (const error of failures) tellFailure(fleet, desired, error, context);
  notes.push(...new Set(failures.map(waitingFor)));
  const text = notes.length === 0 ? null : notes.join('; ');
  await note(fleet, lease, { ...desired, actedAt }, text, lacks, context, actedAt !== desired.actedAt);
  return Math.max(STEP_MS, ...failures.map((error) => retryMs(error, context)));
}

/** Its result, or null and one more failure. */
async function orNote<T>(work: Promise<T>, failures: OutsideError[]): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    failures.push(error);
    return null;
  }
}

const waitingFor = ({ peer, why }: OutsideError): string => `waiting for ${peer}: ${why}`;

const retryMs = ({ retryAfterMs }: OutsideError, { clock }: JobContext): Millis =>
  Math.max(RETRY_MS, (retryAfterMs ?? 0) * clock.speed);

function tellFailure(
  fleet: FleetConfig,
  desired: DesiredState,
  error: OutsideError,
  context: JobContext,
): void {
  context.meter.peerFailed(error.peer, error.why);
  context.log.warn(
    { fleet: fleet.name, decision: desired.decisionId, peer: error.peer, class: error.class },
    error.message,
  );
}

const isAct = (step: Step): boolean => step.do !== 'wait' && step.do !== 'give-up';

async function groupsOf(fleet: FleetConfig, context: JobContext): Promise<GroupNow[]> {
  const groups = await context.nodeGroups.list(fleet.nodeGroups);
  return groups.map(({ zone, size, instances, problem }) => ({
    zone,
    size,
    names: instances.filter((instance) => instance.status !== 'leaving').map((instance) => instance.name),
    problem,
  }));
}

/** A person changed intent after the decision was made: the next evaluation speaks, this one is old. */
function hasNewerIntent(state: FleetState, now: Millis): boolean {
  const decidedAt = state.latest?.at ?? 0;
  return state.override !== null && state.override.until > now && state.override.at > decidedAt;
}

function stops(freezes: Freeze[], desired: DesiredState): Freeze | null {
  const total = desired.placement.reduce((sum, { workers }) => sum + workers, 0);
  return freezes.find((freeze) => freeze.kind === 'all' || total < desired.from) ?? null;
}

/** Nodes, deployments and drains each may take their time; after this nothing moves any more. */
const isOverdue = (desired: DesiredState, fleet: FleetConfig, now: Millis): boolean =>
  now - desired.at > (5 * fleet.policy.startupSeconds + 900) * 1_000;

const overdueNote = (steps: Step[]): string =>
  steps.map((step) => `${step.zone}: ${'detail' in step ? step.detail : step.do}`).join('; ');

/** Keeps what was learnt, only when it is news: a message is updated, never chattered. */
async function note(
  fleet: FleetConfig,
  lease: Lease,
  desired: DesiredState,
  text: string | null,
  lacks: boolean,
  context: JobContext,
  hasActed = false,
): Promise<void> {
  if (desired.status === 'applying' && desired.note === text && !hasActed) return;
  await store(fleet, lease, { ...desired, status: 'applying', note: text }, 'applying', lacks, context);
}

async function end(
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
  const outbox = record === null ? [] : [decisionRow({ ...record, status }, desired.note, fleet, now)];
  if (record !== null && (status === 'failed' || lacks)) outbox.push(lackRow(record, desired, fleet, now));
  const kept = await context.store.progress(lease, {
    desired,
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
