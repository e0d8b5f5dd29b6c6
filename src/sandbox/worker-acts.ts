/** What befalls the workers of the sandbox: the orchestrator sees nothing of it. */
import { holdsSlots, isLive, type SimAllocation } from '../simulation/cluster/state.js';
import type { Cluster } from '../simulation/cluster.js';

export const WORKER_ACTS = ['stuck', 'no-model', 'silent', 'device', 'storage-out', 'well'] as const;
export type WorkerAct = (typeof WORKER_ACTS)[number];

/**
 * One worker of the fleet, the GPU of its busiest node, or what all workers need to finish; 'well' mends all of it. Says
 * whom it hit; null: the fleet has no worker that it could.
 */
export function befall(cluster: Cluster, fleet: string, act: WorkerAct): string[] | null {
  const { state } = cluster;
  const jobs = new Set(state.jobs.filter((job) => job.fleet === fleet).map(({ id }) => id));
  const running = state.allocations.filter(
    (one) => jobs.has(one.job) && isLive(one) && holdsSlots(one) && one.servesAt <= state.now,
  );
  if (jobs.size === 0) return null;
  if (act === 'storage-out') {
    cluster.setDependency(false);
    return ['storage'];
  }
  if (act === 'well') return mend(cluster, running);
  const nodeOf = ({ vm }: SimAllocation) => state.vms.find(({ id }) => id === vm);
  const well = running.filter((one) => one.ill === undefined && nodeOf(one)?.deviceFailedAt === undefined);
  if (act === 'device') {
    const on = (node: string): number => well.filter(({ vm }) => vm === node).length;
    const [busiest] = [...new Set(well.map(({ vm }) => vm))].sort((a, b) => on(b) - on(a));
    if (busiest === undefined) return null;
    cluster.setDevice(busiest, false);
    return [state.vms.find(({ id }) => id === busiest)?.name ?? busiest];
  }
  const [first] = well;
  if (first === undefined) return null;
  cluster.sicken(first.id, { kind: act });
  return [first.id];
}

function mend(cluster: Cluster, running: SimAllocation[]): string[] {
  cluster.setDependency(true);
  for (const one of running) {
    cluster.sicken(one.id, null);
    cluster.setDevice(one.vm, true);
  }
  return ['all'];
}
