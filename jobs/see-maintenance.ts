/** Looks at the world as the maintenances of a fleet need it: nodes and zones, the cloud's groups, and whose turn it is. */
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { type GroupNow, nextSteps, type Step } from '../src/core/converge.js';
import { stopping } from '../src/core/limits.js';
import type { MaintenanceSeen, MaintenanceState } from '../src/core/maintenance/state.js';
import { type Entry, turnOf } from '../src/core/maintenance/turn.js';
import { isDown } from '../src/core/maintenance.js';
import type { Millis, NodeSeen, ZoneSeen } from '../src/core/model.js';
import type { RolloutState } from '../src/core/rollout/state.js';
import { OutsideError } from '../src/errors.js';
import type { FleetState, StoredMachine } from '../src/ports.js';
import { openFreezes } from './look.js';

export interface World {
  state: FleetState;
  zones: ZoneSeen[];
  nodes: NodeSeen[];
  groups: GroupNow[];
  /** Why the cloud says nothing of its groups. */
  silent: string | null;
  rollout: boolean;
}

export async function lookAt(fleet: FleetConfig, context: JobContext): Promise<World> {
  const [state, zones, nodes, groups, rollouts] = await Promise.all([
    context.store.fleet(fleet.name),
    context.orchestrator.zones(fleet.orchestrator),
    context.orchestrator.nodes(fleet.orchestrator),
    groupsOf(fleet, context),
    context.store.machines('rollout'),
  ]);
  return {
    state,
    zones,
    nodes,
    ...groups,
    rollout: rollouts.some(
      (each) => each.open && each.fleet === fleet.name && (each.state as RolloutState).touched,
    ),
  };
}

/** Without the cloud's word no VM is deleted or missed; what must leave a node may leave all the same. */
async function groupsOf(fleet: FleetConfig, context: JobContext): Promise<Pick<World, 'groups' | 'silent'>> {
  try {
    const groups = await context.nodeGroups.list(fleet.nodeGroups);
    const seen = groups.map(({ zone, size, instances, problem }) => ({
      zone,
      size,
      names: instances.filter((one) => one.status !== 'leaving').map((one) => one.name),
      problem,
    }));
    return { groups: seen, silent: null };
  } catch (error) {
    tellFailure(fleet.name, error, context);
    return { groups: [], silent: whyOf(error) };
  }
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

export function entryOf({ id, state }: StoredMachine<MaintenanceState>, world: World): Entry {
  return { id, state, workers: nodeOf(state, world)?.workers ?? 0 };
}

export function seenOf(
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
    silent: world.silent,
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
export function spareSteps(
  fleet: FleetConfig,
  { state, zones, nodes, groups, silent }: World,
  now: Millis,
): Step[] {
  // Which nodes may go is the cloud's to say.
  if (silent !== null) return [];
  if (state.desired?.status !== 'ready') return [];
  if (stopping(state.freezes, now, state.desired) !== null) return [];
  const { steps } = nextSteps(state.desired, zones, nodes, groups, fleet.policy, now);
  return steps.filter(
    (step) => step.do === 'drain' || step.do === 'remove' || (step.do === 'wait' && step.for === 'drain'),
  );
}

/** Whatever is not a peer's fault is thrown on. */
export function tellFailure(
  fleet: string,
  error: unknown,
  context: JobContext,
): asserts error is OutsideError {
  if (!(error instanceof OutsideError)) throw error;
  context.meter.peerFailed(error.peer, error.why);
  context.log.warn({ fleet, peer: error.peer }, `maintenance waits: ${error.message}`);
}

export const whyOf = ({ peer, why }: OutsideError): string => `${peer}: ${why}`;
