/**
 * The workers' own HTTP on loopback: what each of them answers when it is asked how it is, by the id of its allocation.
 * Faults of its own: nostats: an answer without the numbers; stale: the answers stand still.
 */
import { answerOf } from '../../simulation/cluster/health.js';
import type { Cluster } from '../../simulation/cluster.js';
import { commonFault, type StandIn, type WorldContext } from '../context.js';
import { openLoopback, type Said } from '../loopback.js';
import { shown } from './answer.js';

export async function createWorkersStandIn(options: {
  context: WorldContext;
  cluster: Cluster;
}): Promise<StandIn & { port: number }> {
  const { context, cluster } = options;
  const server = await openLoopback(
    (request, response) => commonFault(context, 'workers', request, response),
    ({ path }) => answer(path),
  );
  const said = new Map<string, Said>();

  function answer(path: string): Said {
    const fault = context.fault('workers')?.kind;
    if (fault === 'nostats') return { status: 200, body: { status: 'ok' } };
    const kept = said.get(path);
    if (fault === 'stale' && kept !== undefined) return kept;
    if (fault !== 'stale') said.clear();
    const fresh = now(path);
    if (fault === 'stale') said.set(path, fresh);
    return fresh;
  }

  function now(path: string): Said {
    cluster.advance(context.clock.now());
    const id = /^\/([^/]+)\/health$/.exec(path)?.[1];
    const one = cluster.state.allocations.find((each) => each.id === id);
    const job = one === undefined ? null : cluster.job(one.job);
    if (one === undefined || job === null) return { status: 404, body: 'no such worker\n' };
    const slots = answerOf(cluster.state, one, job.workersPerAllocation);
    if (slots === null) return 'cut';
    const well = slots.every(({ modelLoaded, deviceHealthy }) => modelLoaded && deviceHealthy);
    return { status: well ? 200 : 503, body: shown(slots) };
  }

  return { url: server.url, port: Number(new URL(server.url).port), close: server.close, save: () => null };
}
