/**
 * From a desired state to the next steps toward it, one per zone. Pure: `converge` runs it again after every step, crash
 * or restart, so each step is absolute and the order never depends on what a lost process remembered.
 *
 *   raising:  grow the group -> nodes ready -> plan -> scale (as far as it fits) -> workers ready
 *   cutting:  scale -> workers gone -> drain emptied nodes -> remove exactly those
 */
import { needsPerson } from './foreign.js';
import { isMaintenanceMark } from './maintenance/state.js';
import type { DesiredState, Millis, NodeSeen, ZoneSeen } from './model.js';
import type { Policy } from './policy.js';

/** What the cloud says of a zone's group; `size` null: nobody can resize it, or, with a problem, nobody says how large it is. */
export interface GroupNow {
  zone: string;
  size: number | null;
  names: string[];
  problem: string | null;
}

export type Step =
  | { do: 'grow'; zone: string; size: number }
  | { do: 'scale'; zone: string; workers: number; raise: boolean }
  | { do: 'drain'; zone: string; node: NodeSeen }
  | { do: 'remove'; zone: string; names: string[] }
  | {
      do: 'wait';
      zone: string;
      /** promotion: of a raise that a person can let go on, and nobody else. */
      for: 'nodes' | 'workers' | 'leaving' | 'deployment' | 'person' | 'drain';
      detail: string;
    }
  | { do: 'give-up'; zone: string; detail: string };

export interface Converging {
  steps: Step[];
  /** Every zone is where it should be. */
  done: boolean;
}

/** A raise waits this many start-up times for nodes, then goes as far as it fits. */
const PATIENCE = 2;
/** A cloud that did not answer, or a node that boots again, may be there the next time: neither is given up before. */
const SILENCE_MS = 60_000;

/**
 * How long nodes and workers have had to come. From the last act, not from the decision: a bot that died in between may
 * have left the first act to another one, much later, and may itself have acted without a word left of it.
 */
const waited = ({ actedAt }: DesiredState, now: Millis): Millis => now - (actedAt ?? now);

export function nextSteps(
  desired: DesiredState,
  zones: ZoneSeen[],
  nodes: NodeSeen[],
  groups: GroupNow[],
  policy: Policy,
  now: Millis,
): Converging {
  const steps: Step[] = [];
  for (const { zone, workers } of desired.placement) {
    const seen = zones.find((other) => other.zone === zone);
    if (seen === undefined) {
      steps.push({ do: 'give-up', zone, detail: 'the orchestrator does not know this zone' });
      continue;
    }
    const inZone = nodes.filter((node) => node.zone === zone);
    const group = groups.find((other) => other.zone === zone) ?? null;
    const step = stepOf(desired, workers, seen, inZone, group, policy, now);
    if (step !== null) steps.push(step);
  }
  return { steps, done: steps.length === 0 };
}

function stepOf(
  desired: DesiredState,
  workers: number,
  seen: ZoneSeen,
  nodes: NodeSeen[],
  group: GroupNow | null,
  policy: Policy,
  now: Millis,
): Step | null {
  const { zone } = seen;
  const asked = toAllocations(workers, policy) * policy.workersPerAllocation;
  if (!seen.up && asked > 0) return { do: 'wait', zone, for: 'nodes', detail: 'the zone is down' };
  if (asked > seen.desired) return raise(desired, asked, seen, nodes, group, policy, now);
  if (asked < seen.desired) {
    return seen.blocked === null
      ? { do: 'scale', zone, workers: asked, raise: false }
      : { do: 'wait', zone, for: 'deployment', detail: seen.blocked.detail };
  }
  if (seen.ready < asked) {
    // A count that somebody else set may have no nodes to run on: they are grown here, too.
    const unplaced = seen.ready + seen.starting < asked;
    const missing = unplaced ? roomFor(asked, desired, zone, nodes, group, policy, now) : null;
    if (missing !== null) return missing;
    // What a failed deployment left unplaced stays so. Asking first for what was placed, which stops nothing, and then for
    // the count again makes a new deployment, which places it. A worker that failed and is about to be started again was
    // placed: one fewer would stop a healthy one in its stead.
    const placed = asked - (seen.abandoned ?? 0);
    const settled = waited(desired, now) > policy.startupSeconds * 1_000 && seen.blocked === null;
    const stopsNone =
      placed >= seen.ready + seen.starting && (placed > 0 || seen.ready + seen.starting === 0);
    if (unplaced && settled && placed < asked && stopsNone)
      return { do: 'scale', zone, workers: placed, raise: false };
    return { do: 'wait', zone, for: 'workers', detail: `${seen.ready} of ${asked} workers ready` };
  }
  if (seen.draining > 0)
    return { do: 'wait', zone, for: 'leaving', detail: `${seen.draining} workers finishing` };
  return shrink(asked, zone, nodes, group, policy);
}

function raise(
  desired: DesiredState,
  workers: number,
  seen: ZoneSeen,
  nodes: NodeSeen[],
  group: GroupNow | null,
  policy: Policy,
  now: Millis,
): Step {
  const { zone } = seen;
  const grow = roomFor(workers, desired, zone, nodes, group, policy, now);
  if (grow !== null) return grow;
  const needed = Math.ceil(workers / policy.slotsPerNode);
  const usable = nodes.filter((node) => node.eligible && node.status === 'ready').length;
  const late = waited(desired, now) > PATIENCE * policy.startupSeconds * 1_000;
  const canGrow = group !== null && group.size !== null;
  if (usable < needed && canGrow && !late && group.problem === null) {
    return { do: 'wait', zone, for: 'nodes', detail: `${usable} of ${needed} nodes ready` };
  }
  const isSilent = group !== null && group.size === null && group.problem !== null;
  if (usable < needed && isSilent && waited(desired, now) <= SILENCE_MS) {
    return { do: 'wait', zone, for: 'nodes', detail: group.problem ?? '' };
  }
  // Workers of the last cut still hold their slots for moments: part of the raise now would call a lack what is none.
  const emptying = nodes.some(({ drain }) => drain !== null && !drain.done);
  const taken = usable * policy.slotsPerNode < workers + seen.draining;
  if (seen.draining > 0 && taken && !emptying && !late) {
    return { do: 'wait', zone, for: 'leaving', detail: `${seen.draining} workers finishing` };
  }
  const { blocked } = seen;
  if (blocked !== null && blocked.kind !== 'rollout')
    return {
      do: 'wait',
      zone,
      for: needsPerson(blocked) ? 'person' : 'deployment',
      detail: blocked.detail,
    };
  return { do: 'scale', zone, workers, raise: true };
}

/** The step that makes the group large enough for so many workers; null when it is, or nobody can resize it. */
function roomFor(
  workers: number,
  desired: DesiredState,
  zone: string,
  nodes: NodeSeen[],
  group: GroupNow | null,
  policy: Policy,
  now: Millis,
): Step | null {
  if (group === null || group.size === null) return null;
  // A cordoned, draining or dead node keeps its place in the group until it is removed, and cannot take a worker.
  const isDead = (node: NodeSeen) => node.status === 'down' && waited(desired, now) > SILENCE_MS;
  const unusable = nodes.filter((node) => (!node.eligible || isDead(node)) && keepsItsPlace(node, group));
  const size = Math.ceil(workers / policy.slotsPerNode) + unusable.length;
  return group.size < size ? { do: 'grow', zone, size } : null;
}

/** Nodes that hold no worker and are not needed: cordon and drain one after the other, then remove those that are drained. */
function shrink(
  workers: number,
  zone: string,
  nodes: NodeSeen[],
  group: GroupNow | null,
  policy: Policy,
): Step | null {
  if (group === null || group.size === null) return null;
  const needed = Math.ceil(workers / policy.slotsPerNode);
  // A cordoned node, or one in maintenance, is neither needed nor spare: it is somebody else's to give back.
  const present = nodes.filter(
    (node) =>
      node.status !== 'leaving' &&
      group.names.includes(node.name) &&
      (node.drain === null ? node.eligible : !isMaintenanceMark(node.drain.decisionId)),
  );
  const extra = present.length - needed;
  if (extra <= 0) return null;
  const empty = present
    .filter((node) => node.workers === 0 && node.status === 'ready')
    .sort((a, b) => (a.name < b.name ? 1 : -1));
  const drained = empty.filter((node) => node.drain?.done === true).slice(0, extra);
  const draining = empty.filter((node) => node.drain !== null && !node.drain.done);
  const fresh = empty.find((node) => node.drain === null && node.eligible);
  if (fresh !== undefined && drained.length + draining.length < extra)
    return { do: 'drain', zone, node: fresh };
  if (draining.length > 0)
    return { do: 'wait', zone, for: 'drain', detail: `${draining.length} nodes draining` };
  if (drained.length > 0) return { do: 'remove', zone, names: drained.map((node) => node.name) };
  return null;
}

/** A VM that is stopped for maintenance looks like one that was drained and removed, but comes back. */
function keepsItsPlace(node: NodeSeen, group: GroupNow): boolean {
  if (!group.names.includes(node.name)) return false;
  const isMaintained = node.drain !== null && isMaintenanceMark(node.drain.decisionId);
  return node.status !== 'leaving' || isMaintained;
}

const toAllocations = (workers: number, policy: Policy): number =>
  Math.ceil(workers / policy.workersPerAllocation);
