import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { type GroupNow, nextSteps, type Step } from '../src/core/converge.js';
import { stopping } from '../src/core/limits.js';
import {
  holdOf,
  isOpen,
  MAINTENANCE,
  type MaintenanceAction,
  type MaintenanceSeen,
  type MaintenanceState,
  markOf,
} from '../src/core/maintenance/state.js';
import { type Entry, turnOf } from '../src/core/maintenance/turn.js';
import { advance, isDown } from '../src/core/maintenance.js';
import type { Millis, NodeSeen, ZoneSeen } from '../src/core/model.js';
import type { RolloutState } from '../src/core/rollout/state.js';
import { OutsideError } from '../src/errors.js';
import { perform, performOnNode } from '../src/perform.js';
import type { FleetState, Lease, StoredMachine } from '../src/ports.js';
import { announceAll } from './announce.js';
import { isStillAsked } from './converge.js';
import { defineJob } from './job.js';
import { openFreezes } from './look.js';
import { maintenanceStep } from './maintenance-messages.js';

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
      if (!(error instanceof OutsideError)) throw error;
      context.meter.peerFailed(error.peer, error.why);
      context.log.warn({ fleet: name, peer: error.peer }, `maintenance waits: ${error.message}`);
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

interface World {
  state: FleetState;
  zones: ZoneSeen[];
  nodes: NodeSeen[];
  groups: GroupNow[];
  rollout: boolean;
}

/** When to come again; null when none is open any more. */
async function stepAll(fleet: FleetConfig, lease: Lease, context: JobContext): Promise<Millis | null> {
  const all = await openMachines(fleet.name, context);
  if (all.length === 0) return null;
  const world = await lookAt(fleet, context);
  let entries = all.map((machine) => entryOf(machine, world));
  const mayAct = async () =>
    !context.signal.aborted && (await context.store.renew(lease, context.settings.leaseMs));
  const isAsked = () => isStillAsked(lease, world.state.version, context);
  for (const machine of all) {
    const now = context.clock.now();
    const own = entries.find(({ id }) => id === machine.id)!;
    const seen = seenOf(own, entries, fleet, world, now);
    const mark = markOf(machine.id);
    const { state, actions } = advance(machine.state, seen, mark, now);
    // What is stored is done, now or by the next run: a freeze that came since this run looked is heard before.
    if (!(await (actions.length > 0 ? isAsked() : mayAct()))) return STEP_MS;
    if (!(await keep(fleet, machine, state, world, lease, context))) return STEP_MS;
    // Those after it in this run must see that it has begun.
    entries = entries.map((each) => (each.id === machine.id ? { ...each, state } : each));
    for (const action of actions) {
      // Several acts may take long together: whoever lost the lease meanwhile stops.
      if (!(await mayAct())) return STEP_MS;
      await act(action, state, mark, fleet, world, isAsked, context);
    }
  }
  return entries.some(({ state }) => isOpen(state)) ? STEP_MS : null;
}

async function openMachines(fleet: string, context: JobContext): Promise<Machine[]> {
  const all = (await context.store.machines(MAINTENANCE)) as Machine[];
  return all.filter((each) => each.open && each.fleet === fleet).sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function lookAt(fleet: FleetConfig, context: JobContext): Promise<World> {
  const [state, zones, nodes, groups, rollouts] = await Promise.all([
    context.store.fleet(fleet.name),
    context.orchestrator.zones(fleet.orchestrator),
    context.orchestrator.nodes(fleet.orchestrator),
    context.nodeGroups.list(fleet.nodeGroups),
    context.store.machines('rollout'),
  ]);
  return {
    state,
    zones,
    nodes,
    groups: groups.map(({ zone, size, instances, problem }) => ({
      zone,
      size,
      names: instances.filter((one) => one.status !== 'leaving').map((one) => one.name),
      problem,
    })),
    rollout: rollouts.some(
      (each) => each.open && each.fleet === fleet.name && (each.state as RolloutState).touched,
    ),
  };
}

const nodeOf = (state: MaintenanceState, { nodes }: World): NodeSeen | null =>
  nodes.find((one) => one.id === state.node.id) ?? null;

/** A VM that got a new boot disk has its old name, and is another node to the orchestrator. */
function returnedAs(state: MaintenanceState, world: World): NodeSeen | null {
  const { id, name, zone } = state.node;
  const own = nodeOf(state, world);
  if (own !== null && !isDown(own)) return null;
  const isSame = (one: NodeSeen) => one.id !== id && one.name === name && one.zone === zone && !isDown(one);
  return world.nodes.find(isSame) ?? null;
}

function entryOf({ id, state }: Machine, world: World): Entry {
  return { id, state, workers: nodeOf(state, world)?.workers ?? 0 };
}

function seenOf(
  own: Entry,
  entries: Entry[],
  fleet: FleetConfig,
  world: World,
  now: Millis,
): MaintenanceSeen {
  const { policy } = fleet;
  const { state, zones, groups, rollout } = world;
  const freeze = openFreezes(state.freezes, now).find(({ kind }) => kind === 'all');
  return {
    node: nodeOf(own.state, world),
    returned: returnedAs(own.state, world),
    zones,
    group: groups.find(({ zone }) => zone === own.state.node.zone) ?? null,
    desired: state.desired,
    latest: state.latest,
    turn: turnOf(own, entries, rollout, policy, now),
    stopped:
      policy.mode === 'advise'
        ? { why: 'advice', detail: 'advise mode' }
        : freeze === undefined
          ? null
          : { why: 'frozen', detail: `the freeze of ${freeze.by.name}: ${freeze.reason}` },
    spare: spareSteps(fleet, world, now).length > 0,
    policy,
  };
}

/** Nodes that the last decision does not need: only once the loop itself is done with it, and against no freeze. */
function spareSteps(fleet: FleetConfig, { state, zones, nodes, groups }: World, now: Millis): Step[] {
  if (state.desired?.status !== 'ready') return [];
  if (stopping(state.freezes, now, state.desired) !== null) return [];
  const { steps } = nextSteps(state.desired, zones, nodes, groups, fleet.policy, now);
  return steps.filter(
    (step) => step.do === 'drain' || step.do === 'remove' || (step.do === 'wait' && step.for === 'drain'),
  );
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
