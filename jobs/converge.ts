import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { type GroupNow, nextSteps, type Step } from '../src/core/converge.js';
import { stopping } from '../src/core/limits.js';
import type { DesiredState, Millis } from '../src/core/model.js';
import { OutsideError } from '../src/errors.js';
import { perform } from '../src/perform.js';
import type { Lease } from '../src/ports.js';
import { defineJob } from './job.js';
import { isUnheard } from './look.js';
import { end, note } from './progress.js';

/** Between two looks at the cluster while it moves, Muster time. */
const STEP_MS = 10_000;
/** After an outside error, Muster time. */
const RETRY_MS = 20_000;
/** A peer that asks for more is asked again nevertheless. Machine time. */
const MOST_REST_MS = 10 * 60_000;

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
  const freeze = stopping(state.freezes, now, desired);
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
  // The next decision speaks; this one is old.
  if (isUnheard(state)) {
    await context.queue.enqueue(
      'evaluate',
      { v: 1, fleet: fleet.name, trigger: 'request' },
      { dedupe: `evaluate-${fleet.name}` },
    );
    return STEP_MS;
  }
  if ((desired.restUntil ?? 0) > now) return desired.restUntil! - now;
  try {
    return await toward(fleet, lease, { ...state, desired }, now, context);
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
    await note(fleet, lease, desired, resting(desired, [error], context), waitingFor(error), false, context);
    return retryMs(error, context);
  }
}

async function toward(
  fleet: FleetConfig,
  lease: Lease,
  { desired, version }: { desired: DesiredState; version: number },
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
  const known = groups === 'failed' ? desired.placement.map(silentGroup) : groups;
  const { steps, done } = nextSteps(desired, zones, nodes, known, fleet.policy, now);
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
  let actedAt = desired.actedAt ?? now;
  const mayAct = () => isStillAsked(lease, version, context);
  for (const step of steps) {
    const current = zones.find((zone) => zone.zone === step.zone)?.desired ?? 0;
    // A zone whose peer fails does not keep the others from what they need.
    const acting = perform(step, { fleet, decisionId: desired.decisionId, current, mayAct }, context);
    const outcome = await orNote(acting, failures);
    if (outcome === 'failed') continue;
    if (outcome === null) return STEP_MS;
    if (outcome.note !== null) notes.push(outcome.note);
    lacks ||= outcome.lacks;
    // The look at the world before it may have taken long: what was asked for last has its time from here.
    if (outcome.acted && (step.do === 'grow' || step.do === 'scale')) actedAt = context.clock.now();
  }
  for (const error of failures) tellFailure(fleet, desired, error, context);
  notes.push(...new Set(failures.map(waitingFor)));
  const text = notes.length === 0 ? null : notes.join('; ');
  const after = { ...resting(desired, failures, context), actedAt };
  await note(fleet, lease, desired, after, text, lacks, context);
  return Math.max(STEP_MS, ...failures.map((error) => retryMs(error, context)));
}

/**
 * Whether an act may go out: reading the world and planning may have taken long. Who lost the lease or ran past the
 * deadline leaves the world to the next run, and so does a decision that people or a newer one have overtaken.
 */
export async function isStillAsked(lease: Lease, version: number, context: JobContext): Promise<boolean> {
  if (context.signal.aborted || !(await context.store.renew(lease, context.settings.leaseMs))) return false;
  return (await context.store.fleet(lease.fleet)).version === version;
}

/** Its result, or one more failure. */
async function orNote<T>(work: Promise<T>, failures: OutsideError[]): Promise<T | 'failed'> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    failures.push(error);
    return 'failed';
  }
}

const waitingFor = ({ peer, why }: OutsideError): string => `waiting for ${peer}: ${why}`;

/** Retry-After is the machine's time. */
const restMs = ({ retryAfterMs }: OutsideError, { clock }: JobContext): Millis =>
  Math.min(retryAfterMs ?? 0, MOST_REST_MS) * clock.speed;

const retryMs = (error: OutsideError, context: JobContext): Millis =>
  Math.max(RETRY_MS, restMs(error, context));

/** Whoever wakes converge earlier than a peer said finds it resting. */
function resting(desired: DesiredState, failures: OutsideError[], context: JobContext): DesiredState {
  const longest = Math.max(0, ...failures.map((error) => restMs(error, context)));
  return longest === 0 ? desired : { ...desired, restUntil: context.clock.now() + longest };
}

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

const silentGroup = ({ zone }: { zone: string }): GroupNow => ({
  ...{ zone, size: null, names: [] },
  problem: 'the cloud does not say what nodes there are',
});

async function groupsOf(fleet: FleetConfig, context: JobContext): Promise<GroupNow[]> {
  const groups = await context.nodeGroups.list(fleet.nodeGroups);
  return groups.map(({ zone, size, instances, problem }) => ({
    zone,
    size,
    names: instances.filter((instance) => instance.status !== 'leaving').map((instance) => instance.name),
    problem,
  }));
}

/** Nodes, deployments and drains each may take their time; after this nothing moves any more. */
const isOverdue = (desired: DesiredState, fleet: FleetConfig, now: Millis): boolean =>
  now - (desired.againAt ?? desired.at) > (5 * fleet.policy.startupSeconds + 900) * 1_000;

const overdueNote = (steps: Step[]): string =>
  steps.map((step) => `${step.zone}: ${'detail' in step ? step.detail : step.do}`).join('; ');
