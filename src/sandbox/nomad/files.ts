/** Files in the directories of allocations. There is one, where a worker says how it is; it writes it all the time. */
import { answerOf } from '../../simulation/cluster/health.js';
import type { Cluster } from '../../simulation/cluster.js';
import { HEALTH_FILE, shown } from '../workers/answer.js';
import { Refused } from './writes.js';

export function fileOf(cluster: Cluster, id: string, path: string): string {
  const one = cluster.state.allocations.find((candidate) => candidate.id === id);
  if (one === undefined) throw new Refused(404, `Unknown allocation "${id}"`);
  const vm = cluster.state.vms.find((candidate) => candidate.id === one.vm);
  if (vm?.state !== 'ready') throw new Refused(404, 'No path to node');
  const slots = answerOf(cluster.state, one, cluster.job(one.job)?.workersPerAllocation ?? 1);
  if (slots === null || path.replace(/^\//, '') !== HEALTH_FILE)
    throw new Refused(400, `stat /var/nomad/alloc/${id}/${path}: no such file or directory`);
  return JSON.stringify({ writtenAt: new Date(cluster.now).toISOString(), ...shown(slots) });
}
