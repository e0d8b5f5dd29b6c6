/** What reaches the cluster by no decision, told to the invariants: steps of rollouts, of maintenances and of remedies. */
import type { OrchestratorActor, OrchestratorReader, RolloutActor, RolloutReader } from '../../ports.js';
import { isLive, type SimAllocation } from '../cluster/state.js';
import type { RunView, Touch } from './event.js';
import type { Truth } from './truth.js';

type Orchestrator = OrchestratorReader & OrchestratorActor;
type Rollouts = RolloutReader & RolloutActor;
type About = Pick<Touch, 'what' | 'fleet'> & Partial<Pick<Touch, 'zone' | 'by' | 'node' | 'image'>>;

/** Told to go on, and at work. */
export const serves = (one: SimAllocation, now: number): boolean =>
  isLive(one) && one.healthy !== false && one.servesAt <= now;

/** Does it, and tells what it did to the workers that serve. The cluster is brought to its time before. */
export async function touching<T>(
  truth: Truth,
  run: RunView,
  about: About,
  act: () => Promise<T>,
): Promise<T> {
  const { cluster } = truth.world;
  const { fleet, zone = null, node = null } = about;
  cluster.advance(truth.now());
  const workersIn = (counts: (one: SimAllocation) => boolean): number => {
    let workers = 0;
    for (const one of cluster.state.allocations) {
      const job = cluster.job(one.job);
      if (job?.fleet === fleet && counts(one)) workers += job.workersPerAllocation;
    }
    return workers;
  };
  const serving = (): number => workersIn((one) => serves(one, truth.now()));
  const asked = (): number =>
    cluster.state.jobs
      .filter((job) => job.fleet === fleet && (zone === null || job.zone === zone))
      .reduce((sum, job) => sum + job.count * job.workersPerAllocation, 0);
  const before = serving();
  const onNode = node === null ? 0 : workersIn((one) => one.vm === node && serves(one, truth.now()));
  const countBefore = asked();
  const there = cluster.state.allocations.filter(
    (one) => isLive(one) && cluster.job(one.job)?.fleet === fleet,
  );
  const answer = await act();
  const stoppedOn = [...new Set(there.filter((one) => !isLive(one)).map(({ vm }) => vm))];
  truth.tell({
    ...{ kind: 'touch', zone, by: null, node, image: null, ...about },
    ...{ before, after: serving(), onNode, stoppedOn, countBefore, countAfter: asked(), run },
  });
  return answer;
}

/** The fleet of a target's jobs. */
const fleetOf = (target: Parameters<Orchestrator['zones']>[0], truth: Truth): string => {
  const first = target.kind === 'nomad' ? target.targets[0]?.job : target.targets[0]?.deployment;
  return truth.world.cluster.job(first ?? '')?.fleet ?? '';
};

export function touchedOrchestrator(inner: Orchestrator, truth: Truth, run: () => RunView): Orchestrator {
  const zoneOf = (node: string): string | null =>
    truth.world.cluster.state.vms.find((one) => one.id === node)?.zone ?? null;
  const onNode = (
    target: Parameters<Orchestrator['zones']>[0],
    what: Touch['what'],
    node: string,
    act: () => Promise<void>,
  ): Promise<void> =>
    touching(truth, run(), { what, fleet: fleetOf(target, truth), zone: zoneOf(node), node }, act);
  return {
    ...inner,
    cordon: (target, node) => onNode(target, 'cordon', node, () => inner.cordon(target, node)),
    uncordon: (target, node) => onNode(target, 'uncordon', node, () => inner.uncordon(target, node)),
    stopWorker: (target, worker) =>
      touching(truth, run(), { what: 'stop-worker', fleet: fleetOf(target, truth), by: 'remedy' }, () =>
        inner.stopWorker(target, worker),
      ),
    failDeployment: (target, zone, id) =>
      touching(
        truth,
        run(),
        { what: 'fail-deployment', fleet: fleetOf(target, truth), zone, by: 'remedy' },
        () => inner.failDeployment(target, zone, id),
      ),
    promote: (target, zone, id) =>
      touching(truth, run(), { what: 'promote', fleet: fleetOf(target, truth), zone, by: 'remedy' }, () =>
        inner.promote(target, zone, id),
      ),
    revert: (target, zone, versions) =>
      touching(truth, run(), { what: 'revert', fleet: fleetOf(target, truth), zone, by: 'remedy' }, () =>
        inner.revert(target, zone, versions),
      ),
  };
}

export function touchedRollouts(inner: Rollouts, truth: Truth, run: () => RunView): Rollouts {
  const fleet = (target: Parameters<Rollouts['images']>[0]): string => fleetOf(target, truth);
  return {
    ...inner,
    prepull: (target, image, why) =>
      touching(truth, run(), { what: 'prepull', fleet: fleet(target), by: why.rolloutId, image }, () =>
        inner.prepull(target, image, why),
      ),
    endPrepull: (target) =>
      touching(truth, run(), { what: 'end-prepull', fleet: fleet(target) }, () => inner.endPrepull(target)),
    update: (target, zone, node, image, why) =>
      touching(
        truth,
        run(),
        { what: 'update', fleet: fleet(target), zone, by: why.rolloutId, node, image },
        () => inner.update(target, zone, node, image, why),
      ),
    release: (target, zone) =>
      touching(truth, run(), { what: 'release', fleet: fleet(target), zone }, () =>
        inner.release(target, zone),
      ),
  };
}
