import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { hindered, unhindered } from '../src/core/maintenance/hindered.js';
import {
  holdOf,
  isOpen,
  MAINTENANCE,
  type MaintenanceAction,
  type MaintenanceState,
  markOf,
} from '../src/core/maintenance/state.js';
import type { Entry } from '../src/core/maintenance/turn.js';
import { advance } from '../src/core/maintenance.js';
import type { Millis } from '../src/core/model.js';
import { perform, performOnNode } from '../src/perform.js';
import type { Lease, StoredMachine } from '../src/ports.js';
import { announceAll } from './announce.js';
import { isStillAsked } from './converge.js';
import { defineJob } from './job.js';
import { maintenanceStep } from './maintenance-messages.js';
import { entryOf, lookAt, seenOf, spareSteps, tellFailure, type World, whyOf } from './see-maintenance.js';

/** Between two looks, Muster time. */
const STEP_MS = 10_000;
/** Somebody else works on the fleet, for a moment. */
const HELD_MS = 2_000;
const RETRY_MS = 20_000;

type Machine = StoredMachine<MaintenanceState>;

/**
 * One step of each open maintenance of a fleet, under the lease that the loop and rollouts hold, too. What was decided is
 * stored first and done then: a run that is killed between the two is repeated, and sees that nothing was done.
 */
export const maintenance = defineJob({
  name: MAINTENANCE,
  data: z.object({ v: z.literal(1), fleet: z.string() }),
  deadlineMs: 30_000,
  async run({ fleet: name }, context) {
    const fleet = context.fleet(name);
    const { holder, leaseMs } = context.settings;
    const lease = await context.store.lease(name, holder, leaseMs);
    if (lease === null) return wakeMaintenance(name, context, HELD_MS);
    let next: Millis | null = null;
    try {
      next = await stepAll(fleet, lease, context);
    } catch (error) {
      tellFailure(name, error, context);
      next = RETRY_MS;
    } finally {
      await context.store.release(lease);
    }
    if (next !== null) await wakeMaintenance(name, context, next);
  },
});

export const wakeMaintenance = (
  fleet: string,
  context: Pick<JobContext, 'queue'>,
  delayMs = 0,
): Promise<void> =>
  context.queue.enqueue(
    MAINTENANCE,
    { v: 1, fleet },
    { dedupe: `maintenance-${fleet}`, ...(delayMs > 0 ? { delayMs } : {}) },
  );

/** When to come again; null when none is open any more. */
async function stepAll(fleet: FleetConfig, lease: Lease, context: JobContext): Promise<Millis | null> {
  const all = await openMachines(fleet.name, context);
  if (all.length === 0) return null;
  let world: World;
  try {
    world = await lookAt(fleet, context);
  } catch (error) {
    tellFailure(fleet.name, error, context);
    for (const { id } of all)
      await note(fleet, id, lease, (state, now) => hindered(state, whyOf(error), now), context);
    return RETRY_MS;
  }
  const run: Run = { fleet, lease, world, entries: all.map((machine) => entryOf(machine, world)) };
  let failed = false;
  for (const machine of all) {
    try {
      if (!(await stepOne(machine, run, context))) return STEP_MS;
    } catch (error) {
      // One that cannot go on keeps no other from leaving in time.
      tellFailure(fleet.name, error, context);
      failed = true;
      await note(fleet, machine.id, lease, (state, now) => hindered(state, whyOf(error), now), context);
    }
  }
  if (failed) return RETRY_MS;
  return run.entries.some(({ state }) => isOpen(state)) ? STEP_MS : null;
}

interface Run {
  fleet: FleetConfig;
  lease: Lease;
  world: World;
  entries: Entry[];
}

/** False when this run must end: the lease, the time or the look at the world is lost. */
async function stepOne(machine: Machine, run: Run, context: JobContext): Promise<boolean> {
  const { fleet, lease, world } = run;
  const mayAct = async () =>
    !context.signal.aborted && (await context.store.renew(lease, context.settings.leaseMs));
  const isAsked = () => isStillAsked(lease, world.state.version, context);
  const now = context.clock.now();
  const own = run.entries.find(({ id }) => id === machine.id)!;
  const seen = seenOf(own, run.entries, fleet, world, now);
  const mark = markOf(machine.id);
  const { state, actions } = advance(machine.state, seen, mark, now);
  // What is stored is done, now or by the next run: a freeze that came since this run looked is heard before.
  if (!(await (actions.length > 0 ? isAsked() : mayAct()))) return false;
  if (!(await keep(fleet, machine, state, world, lease, context))) return false;
  // Those after it in this run must see that it has begun.
  run.entries = run.entries.map((each) => (each.id === machine.id ? { ...each, state } : each));
  for (const action of actions) {
    // Several acts may take long together: whoever lost the lease meanwhile stops.
    if (!(await mayAct())) return false;
    await act(action, state, mark, fleet, world, isAsked, context);
  }
  if (state.hindered !== undefined && world.silent === null)
    await note(fleet, machine.id, lease, unhindered, context);
  return true;
}

/** Keeps a change that is none of its steps. */
async function note(
  fleet: FleetConfig,
  id: string,
  lease: Lease,
  change: (state: MaintenanceState, now: Millis) => MaintenanceState,
  context: JobContext,
): Promise<void> {
  const machine = (await context.store.machine(MAINTENANCE, id)) as Machine | null;
  if (machine?.open !== true) return;
  const now = context.clock.now();
  const state = change(machine.state, now);
  if (JSON.stringify(state) === JSON.stringify(machine.state)) return;
  const step = maintenanceStep(fleet, id, machine.state, state, now);
  const kept = await context.store.saveMachine({ ...machine, at: now, state }, { lease, ...step });
  if (kept === 'stored') await announceAll(step.outbox, step.pager, context);
}

async function openMachines(fleet: string, context: JobContext): Promise<Machine[]> {
  const all = (await context.store.machines(MAINTENANCE)) as Machine[];
  return all.filter((each) => each.open && each.fleet === fleet).sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function act(
  action: MaintenanceAction,
  state: MaintenanceState,
  mark: string,
  fleet: FleetConfig,
  world: World,
  isAsked: () => Promise<boolean>,
  context: JobContext,
): Promise<void> {
  if (action.do === 'evaluate') return askForDecision(fleet.name, context);
  if (action.do !== 'shrink') return performOnNode(action, { fleet, node: state.node, mark }, context);
  for (const step of spareSteps(fleet, world, context.clock.now())) {
    const current = world.zones.find(({ zone }) => zone === step.zone)?.desired ?? 0;
    const task = { fleet, decisionId: world.state.desired!.decisionId, current, mayAct: isAsked };
    if ((await perform(step, task, context)) === null) return;
  }
}

const askForDecision = (fleet: string, context: JobContext): Promise<void> =>
  context.queue.enqueue('evaluate', { v: 1, fleet, trigger: 'request' }, { dedupe: `evaluate-${fleet}` });

/** False when somebody else changed it: the next run reads again. */
async function keep(
  fleet: FleetConfig,
  before: Machine,
  state: MaintenanceState,
  world: World,
  lease: Lease,
  context: JobContext,
): Promise<boolean> {
  const holds = holdOf(state, world.zones);
  const sameHold = holds?.surge === before.holds?.surge;
  if (sameHold && JSON.stringify(state) === JSON.stringify(before.state)) return true;
  const now = context.clock.now();
  const { holds: _old, ...rest } = before;
  const machine: Machine = {
    ...rest,
    open: isOpen(state),
    at: now,
    state,
    ...(holds === undefined ? {} : { holds }),
  };
  const step = maintenanceStep(fleet, before.id, before.state, state, now);
  const kept = await context.store.saveMachine(machine, { lease, ...step });
  if (kept !== 'stored') return false;
  await announceAll(step.outbox, step.pager, context);
  return true;
}
