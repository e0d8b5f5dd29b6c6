import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import type { Millis, Person } from '../src/core/model.js';
import { liftsItself } from '../src/core/rollout/look.js';
import type { RolloutState, RolloutStep } from '../src/core/rollout/state.js';
import { isOver, storedRollout } from '../src/core/rollout/state.js';
import { stepRollout } from '../src/core/rollout/step.js';
import { rolloutAlert, rolloutMessage, rolloutRow, standing, tagOf } from '../src/core/views/rollout.js';
import { OutsideError } from '../src/errors.js';
import { performRollout } from '../src/perform-rollout.js';
import type { Lease, RolloutActor, RolloutReader, StoredMachine } from '../src/ports.js';
import { announceAll } from './announce.js';
import { defineJob } from './job.js';
import { row } from './messages.js';
import { seeRollout } from './see-rollout.js';

/** Between two looks while it moves, and after an outside error; Muster time. */
const STEP_MS = 10_000;
const RETRY_MS = 20_000;
/** Only a person can mend it. */
const REFUSED_MS = 60_000;
const MUSTER: Person = { id: 'muster', name: 'Muster' };

/**
 * One step of a fleet's rollout per run, under the fleet's lease, which `converge` needs, too: they never act at once. It
 * may be killed anywhere; the next run sees what is really there and goes on.
 */
export const rollout = defineJob({
  name: 'rollout',
  data: z.object({ v: z.literal(1), fleet: z.string() }),
  deadlineMs: 60_000,
  async run({ fleet: name }, context) {
    const fleet = context.fleet(name);
    const { rollouts, settings, store } = context;
    if (rollouts === undefined) return;
    const lease = await store.lease(name, settings.holder, settings.leaseMs);
    if (lease === null) return rolloutAgain(name, context, STEP_MS);
    let next: Millis | null;
    try {
      next = await oneStep(fleet, lease, rollouts, context);
    } finally {
      await store.release(lease);
    }
    if (next !== null) await rolloutAgain(name, context, next);
  },
});

export const rolloutAgain = (fleet: string, context: JobContext, delayMs = 0): Promise<void> =>
  context.queue.enqueue(
    'rollout',
    { v: 1, fleet },
    { dedupe: `rollout-${fleet}`, ...(delayMs > 0 ? { delayMs } : {}) },
  );

async function oneStep(
  fleet: FleetConfig,
  lease: Lease,
  rollouts: RolloutReader & RolloutActor,
  context: JobContext,
): Promise<Millis | null> {
  const machine = await openRollout(fleet.name, context);
  if (machine === null) return null;
  try {
    const seen = await seeRollout(fleet, machine.state, rollouts, context);
    const step = stepRollout(machine.state, seen, context.clock.now(), fleet.policy);
    // First what was decided is kept, then it is done: a crash between the two is a step that is made again.
    if (!(await keep(machine, step.state, lease, fleet, context))) return STEP_MS;
    await act(step, fleet, lease, rollouts, context);
    if (step.state.refusal !== undefined) await tellRefusal(null, lease, fleet, context);
    return isOver(step.state) ? null : STEP_MS;
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    context.meter.peerFailed(error.peer, error.why);
    context.log.warn({ fleet: fleet.name, rollout: machine.id, peer: error.peer }, error.message);
    if (error.class === 'human') {
      await tellRefusal(error.message.replace(/\s+/g, ' ').slice(0, 300), lease, fleet, context);
      return REFUSED_MS;
    }
    return error.retryAfterMs === null
      ? RETRY_MS
      : Math.max(RETRY_MS, error.retryAfterMs * context.clock.speed);
  }
}

/** Said where the rollout is watched, once, until a step is made again. */
async function tellRefusal(
  refusal: string | null,
  lease: Lease,
  fleet: FleetConfig,
  context: JobContext,
): Promise<void> {
  const machine = await openRollout(fleet.name, context);
  if (machine === null || (machine.state.refusal ?? null) === refusal) return;
  const { refusal: _ended, ...rest } = machine.state;
  await keep(machine, refusal === null ? rest : { ...rest, refusal }, lease, fleet, context);
}

/** The oldest open one: a second that was begun in the same moment waits for its turn. */
async function openRollout(fleet: string, context: JobContext): Promise<StoredMachine<RolloutState> | null> {
  const all = (await context.store.machines('rollout')) as StoredMachine<RolloutState>[];
  const open = all.filter((one) => one.open && one.fleet === fleet);
  return open.sort((a, b) => a.state.at - b.state.at || (a.id < b.id ? -1 : 1))[0] ?? null;
}

/** False when somebody else wrote it meanwhile, a person say: the next run begins from theirs. */
async function keep(
  machine: StoredMachine<RolloutState>,
  state: RolloutState,
  lease: Lease,
  fleet: FleetConfig,
  context: JobContext,
): Promise<boolean> {
  const before = machine.state;
  if (JSON.stringify(before) === JSON.stringify(state)) return true;
  const at = context.clock.now();
  const outbox = rowsOf(before, state, fleet, at, context);
  const pager = changesOf(before, state, at);
  const moved = before.phase !== state.phase || before.paused?.why !== state.paused?.why;
  const kept = await context.store.saveMachine(storedRollout(state, machine.rev, at), {
    lease,
    ...(moved
      ? {
          audit: {
            at,
            by: MUSTER,
            action: `rollout-${state.paused === null ? state.phase : 'paused'}`,
            fleet: fleet.name,
            ids: { rollout: state.id },
            detail: { image: state.image, why: state.paused?.why ?? state.failure?.why ?? null },
          },
        }
      : {}),
    outbox,
    pager,
  });
  if (kept !== 'stored') return false;
  if (moved)
    context.log.info(
      { fleet: fleet.name, rollout: state.id, phase: state.phase, paused: state.paused?.why ?? null },
      'rollout moves on',
    );
  await announceAll(outbox, pager, context);
  return true;
}

function rowsOf(
  before: RolloutState,
  state: RolloutState,
  fleet: FleetConfig,
  at: Millis,
  context: JobContext,
): OutboxRow[] {
  const rows: OutboxRow[] = [];
  if (saidIn(before) !== saidIn(state)) rows.push(rolloutRow(state, fleet.channel, at));
  const paused = state.paused !== null && before.paused?.why !== state.paused.why;
  // What ends by itself needs nobody: the message in place says it.
  const needsSomebody =
    paused && state.paused !== null && state.paused.why !== 'person' && !liftsItself(state.paused, state);
  const back = before.phase !== 'rolling-back' && state.phase === 'rolling-back' && state.backBy === null;
  const refused = state.refusal !== undefined && before.refusal === undefined;
  if (needsSomebody || back || refused)
    rows.push(
      row(
        fleet.channel,
        `rollout-alert-${state.id}-${context.newId()}`,
        fleet.name,
        'alert',
        at,
        rolloutAlert(state),
      ),
    );
  return rows;
}

const saidIn = (state: RolloutState): string => JSON.stringify(rolloutMessage(state));

/** PagerDuty hears of the first touch, of the way back and of the end. */
function changesOf(before: RolloutState, state: RolloutState, at: Millis): PagerEvent[] {
  const begins = !before.touched && state.touched;
  const back = before.phase !== state.phase && state.phase === 'rolling-back';
  const ends = isOver(state) && !isOver(before) && state.touched;
  if (!begins && !back && !ends) return [];
  return [
    {
      v: 1,
      kind: 'change',
      fleet: state.fleet,
      id: `${state.id}-${begins ? 'begin' : state.phase}`,
      summary: `${state.fleet}: rollout of ${tagOf(state.image)} ${standing(state)}`.slice(0, 1_000),
      details: { image: state.image, before: state.from, by: state.by.name, phase: state.phase },
      at,
    },
  ];
}

async function act(
  step: RolloutStep,
  fleet: FleetConfig,
  lease: Lease,
  rollouts: RolloutReader & RolloutActor,
  context: JobContext,
): Promise<void> {
  for (const action of step.actions) {
    // An update may take a while: whoever lost the lease meanwhile stops.
    if (!(await context.store.renew(lease, context.settings.leaseMs))) return;
    if (action.do === 'evaluate') {
      const ask = { v: 1, fleet: fleet.name, trigger: 'request' };
      await context.queue.enqueue('evaluate', ask, { dedupe: `evaluate-${fleet.name}` });
    } else await performRollout(action, { fleet, rolloutId: step.state.id }, { rollouts, log: context.log });
  }
}
