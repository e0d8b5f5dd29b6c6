/** The ports of the world, told to the invariants at the moment something happens; no fault is above or in them. */
import type { FleetConfig } from '../../config.js';
import { isMaintenanceMark } from '../../core/maintenance/state.js';
import type { OutboxRow } from '../../core/message.js';
import type {
  NodeGroupsActor,
  NodeGroupsReader,
  OrchestratorActor,
  OrchestratorReader,
  Store,
} from '../../ports.js';
import { holdsSlots, isLive } from '../cluster/state.js';
import type { RunView } from './event.js';
import { storedPhase } from './machines.js';
import { touching } from './touches.js';
import type { Truth } from './truth.js';

type Orchestrator = OrchestratorReader & OrchestratorActor;
type NodeGroups = NodeGroupsReader & NodeGroupsActor;

/** `run`: who is speaking just now. */
export function watchedStore(inner: Store, truth: Truth, run: () => RunView): Store {
  const queued = (rows: OutboxRow[]): void => {
    for (const row of rows) truth.tell({ kind: 'queued', row });
  };
  return {
    ...inner,
    async progress(lease, change) {
      const committed = await inner.progress(lease, change);
      if (committed === 'stored') queued(change.outbox);
      return committed;
    },
    async setAlert(fleet, state, expectRev, rows, pager) {
      const committed = await inner.setAlert(fleet, state, expectRev, rows, pager);
      if (committed === 'stored') queued(rows);
      return committed;
    },
    async fold(channel, rows) {
      await inner.fold(channel, rows);
      for (const row of rows) truth.tell({ kind: 'folded', row: { ...row, channel } });
    },
    async push(rows, pager) {
      await inner.push(rows, pager);
      queued(rows);
    },
    async fleet(name) {
      const known = truth.order();
      const state = await inner.fleet(name);
      run().intentRead = known;
      return state;
    },
    async commitDecision(commit) {
      // Both are done in the same turn, so that the newest entry is the one that came with the decision.
      const [committed, [audit]] = await Promise.all([inner.commitDecision(commit), inner.audit(1)]);
      if (committed === 'stored') {
        const { record } = commit;
        truth.tell({ kind: 'decision', record, audit: audit ?? null, seen: JSON.stringify(record.seen) });
        queued(commit.outbox);
      }
      return committed;
    },
    async setOverride(override, audit, rows, pager, expectVersion) {
      const committed = await inner.setOverride(override, audit, rows, pager, expectVersion);
      if (committed !== 'stored') return committed;
      truth.tell({ kind: 'override', override });
      queued(rows);
      return committed;
    },
    async endOverride(fleet, id, audit, rows, pager) {
      const committed = await inner.endOverride(fleet, id, audit, rows, pager);
      if (committed !== 'stored') return committed;
      truth.tell({ kind: 'override-ended', fleet, id });
      queued(rows);
      return committed;
    },
    async setFreeze(freeze, audit, rows, pager, replaces) {
      const committed = await inner.setFreeze(freeze, audit, rows, pager, replaces);
      if (committed !== 'stored') return committed;
      truth.tell({ kind: 'freeze', freeze });
      if (replaces !== undefined) truth.tell({ kind: 'freeze-ended', fleet: freeze.fleet, id: replaces });
      queued(rows);
      return committed;
    },
    async endFreeze(fleet, id, audit, rows, pager) {
      const committed = await inner.endFreeze(fleet, id, audit, rows, pager);
      if (committed !== 'stored') return committed;
      truth.tell({ kind: 'freeze-ended', fleet, id });
      queued(rows);
      return committed;
    },
    async lease(fleet, holder, ttlMs) {
      // Others work, and time passes, before the answer is heard.
      const until = truth.now() + ttlMs;
      const lease = await inner.lease(fleet, holder, ttlMs);
      if (lease === null) return null;
      run().lease = { fence: lease.fence, until };
      truth.tell({ kind: 'lease', fleet, fence: lease.fence, until });
      return lease;
    },
    async renew(lease, ttlMs) {
      const { fleet, fence } = lease;
      const until = truth.now() + ttlMs;
      const held = await inner.renew(lease, ttlMs);
      run().lease = held ? { fence, until } : null;
      if (held) truth.tell({ kind: 'lease', fleet, fence, until });
      return held;
    },
    async release(lease) {
      // From the moment it is asked for on, somebody else may be granted it.
      const releasing = inner.release(lease);
      truth.tell({ kind: 'released', fleet: lease.fleet, fence: lease.fence });
      await releasing;
    },
    async saveMachine(machine, step) {
      const committed = await inner.saveMachine(machine, step);
      if (committed !== 'stored') return committed;
      queued(step.outbox);
      const phase = storedPhase(machine);
      if (phase !== null) truth.tell({ kind: 'machine', ...phase });
      return committed;
    },
  };
}

export function watchedOrchestrator(inner: Orchestrator, truth: Truth, run: () => RunView): Orchestrator {
  const { world } = truth;
  const countOf = (job: string): number => {
    const found = world.cluster.job(job);
    return found === null ? 0 : found.count * found.workersPerAllocation;
  };
  const thereIn = (job: string): number => {
    const found = world.cluster.job(job);
    const zone = world.cluster.fleet(found?.fleet ?? '').find((one) => one.zone === found?.zone);
    return zone === undefined ? 0 : zone.ready + zone.starting;
  };
  const jobOf = (target: Parameters<Orchestrator['scale']>[0], zone: string): string =>
    target.kind === 'nomad' ? (target.targets.find((one) => one.zone === zone)?.job ?? '') : '';
  return {
    ...inner,
    async scale(target, zone, workers, why) {
      const job = jobOf(target, zone);
      const before = countOf(job);
      const there = thereIn(job);
      const result = await inner.scale(target, zone, workers, why);
      const after = countOf(job);
      truth.tell({
        kind: 'act',
        what: 'scale',
        fleet: world.cluster.job(job)?.fleet ?? '',
        zone,
        asked: workers,
        there,
        before,
        after,
        decisionId: why.decisionId,
        run: run(),
      });
      return result;
    },
    async drain(target, nodeId, why) {
      const vm = world.cluster.state.vms.find((one) => one.id === nodeId);
      const by = why.decisionId;
      if (isOfAMachine(by)) {
        const fleet = world.cluster.group(vm?.group ?? '')?.fleet ?? '';
        const about = { what: 'drain' as const, fleet, zone: vm?.zone ?? null, by, node: nodeId };
        return touching(truth, run(), about, () => inner.drain(target, nodeId, why));
      }
      if (vm !== undefined)
        truth.tell({
          kind: 'act',
          what: 'drain',
          fleet: world.cluster.group(vm.group)?.fleet ?? '',
          zone: vm.zone,
          nodes: [vm.name],
          workers: workersOn(truth, [vm.name]),
          decisionId: why.decisionId,
          run: run(),
        });
      return inner.drain(target, nodeId, why);
    },
  };
}

export function watchedNodeGroups(
  inner: NodeGroups,
  fleets: FleetConfig[],
  truth: Truth,
  run: () => RunView,
): NodeGroups {
  const fleetOf = (target: FleetConfig['nodeGroups']): string => {
    const group = target.kind === 'gce-mig' ? target.groups[0]?.group : undefined;
    return fleets.find(({ name }) => group?.startsWith(`${name}-`))?.name ?? '';
  };
  const sizeOf = (fleet: string, zone: string): number =>
    truth.world.cluster.group(`${fleet}-${zone}`)?.size ?? 0;
  return {
    ...inner,
    async grow(target, zone, size, why) {
      const fleet = fleetOf(target);
      if (isOfAMachine(why.decisionId)) {
        const about = { what: 'grow' as const, fleet, zone, by: why.decisionId };
        return touching(truth, run(), about, () => inner.grow(target, zone, size, why));
      }
      const before = sizeOf(fleet, zone);
      await inner.grow(target, zone, size, why);
      const after = sizeOf(fleet, zone);
      const { decisionId } = why;
      truth.tell({
        ...{ kind: 'act', what: 'grow', fleet, zone, asked: size, before, after, decisionId },
        run: run(),
      });
    },
    async remove(target, zone, names, why) {
      const { decisionId } = why;
      if (isOfAMachine(decisionId)) {
        const node = truth.world.cluster.state.vms.find((vm) => names.includes(vm.name))?.id ?? null;
        const about = { what: 'remove' as const, fleet: fleetOf(target), zone, by: decisionId, node };
        return touching(truth, run(), about, () => inner.remove(target, zone, names, why));
      }
      const workers = workersOn(truth, names);
      truth.tell({
        ...{ kind: 'act', what: 'remove', fleet: fleetOf(target), zone, nodes: names, workers, decisionId },
        run: run(),
      });
      return inner.remove(target, zone, names, why);
    },
  };
}

/** It names no decision, but a maintenance or a remedy. */
const isOfAMachine = (by: string): boolean => isMaintenanceMark(by) || by === 'remedy';

/** Workers that serve, or begin to, on these nodes. */
function workersOn(truth: Truth, names: string[]): number {
  const { state } = truth.world.cluster;
  const ids = new Set(state.vms.filter((vm) => names.includes(vm.name)).map((vm) => vm.id));
  return state.allocations.filter((one) => ids.has(one.vm) && isLive(one) && holdsSlots(one)).length;
}
