/** The in-memory twin of workers that answer for their health, over the simulated cluster. */
import type { Clock, WorkerAddresses, WorkerHealth } from '../ports.js';
import { answerOf } from './cluster/health.js';
import type { Cluster } from './cluster.js';
import { createSimulatedOrchestrator } from './orchestrator.js';

export function createSimulatedHealth(options: {
  cluster: Cluster;
  /** When given, the cluster is brought to its time before each call. */
  clock?: Pick<Clock, 'now'>;
  /** Runs before each call: it may wait or throw. */
  fault?: (method: 'addresses' | 'ask') => Promise<void>;
}): WorkerAddresses & WorkerHealth {
  const { cluster, clock, fault } = options;
  const orchestrator = createSimulatedOrchestrator({ cluster });
  return {
    async addresses(target, label) {
      await fault?.('addresses');
      if (clock !== undefined) cluster.advance(clock.now());
      const workers = await orchestrator.workers(target);
      return workers
        .filter(({ state }) => state === 'ready')
        .map(({ id, zone, nodeId, workers: count }) => ({
          ...{ id, zone, nodeId, workers: count },
          ...(label === null ? { host: null, port: null } : { host: '127.0.0.1', port: 8080 }),
        }));
    },
    async ask(_source, workers) {
      await fault?.('ask');
      if (clock !== undefined) cluster.advance(clock.now());
      const placed = new Map(cluster.state.allocations.map((one) => [one.id, one]));
      return workers.map(({ id, workers: count }) => {
        const one = placed.get(id);
        return one === undefined ? null : answerOf(cluster.state, one, count);
      });
    },
  };
}
