/** The twin of going back to an earlier version of a job: see src/adapters/nomad/revert.ts. */
import { spreads } from '../core/foreign.js';
import type { BadVersion, Blocked } from '../core/model.js';
import { OutsideError } from '../errors.js';
import type { RevertResult } from '../ports.js';
import { awaitsPromotion } from './cluster/deployments.js';
import { isActive, isLive, latestDeployment, type SimAllocation, type SimJob } from './cluster/state.js';
import type { Cluster } from './cluster.js';

/** Empty: no version of somebody else's is known to be bad. */
export function badOf(cluster: Cluster, job: SimJob): { bad?: BadVersion } {
  const deployment = latestDeployment(cluster.state, job.id);
  if (deployment === null || deployment.jobVersion !== job.version || job.held !== null) return {};
  const isIll =
    deployment.status === 'failed' ||
    (isActive(deployment) &&
      (cluster.state.allocations.some((one) => one.deployment === deployment.id && one.healthy === false) ||
        hasFailedBefore(cluster, job)));
  const stable = job.versions.filter((one) => one.stable);
  if (!isIll || stable.some(({ image }) => image === job.image)) return {};
  const before = stable.at(-1);
  if (before === undefined) return {};
  const { version, image } = before;
  return { bad: { version: job.version, image: job.image, before: { version, image } } };
}

/** See the function of this name in src/adapters/nomad/revert.ts. */
export function spread(cluster: Cluster, job: SimJob): Blocked | null {
  const { bad } = badOf(cluster, job);
  if (bad === undefined || job.update.canary > 0 || onlyLate(cluster, job)) return null;
  const isGood = ({ job: of, image }: SimAllocation): boolean => of === job.id && image !== job.image;
  if (!cluster.state.allocations.some((one) => isLive(one) && isGood(one))) return null;
  const id = latestDeployment(cluster.state, job.id)?.id ?? '';
  return { kind: 'bad-version', id, since: null, detail: spreads(bad) };
}

function onlyLate(cluster: Cluster, job: SimJob): boolean {
  const id = latestDeployment(cluster.state, job.id)?.id;
  const placed = cluster.state.allocations.filter((one) => one.deployment === id);
  return placed.some((one) => one.healthy === true) && placed.every((one) => one.healthy !== false);
}

/** A scale since then tries the same once more. */
const hasFailedBefore = (cluster: Cluster, job: SimJob): boolean =>
  cluster.state.deployments.some(
    ({ status, jobVersion, job: of }) =>
      of === job.id &&
      status === 'failed' &&
      job.versions.some(({ version, image }) => version === jobVersion && image === job.image),
  );

export function revert(
  cluster: Cluster,
  job: SimJob,
  { from, to }: { from: number | null; to: number },
): RevertResult {
  if (job.held !== null) return { kind: 'rollout' };
  const wanted = job.versions.find(({ version }) => version === to);
  if (wanted === undefined) return { kind: 'forgotten' };
  if (wanted.image === job.image) return { kind: 'done' };
  const left = from === null ? job : job.versions.find(({ version }) => version === from);
  if (left?.image !== job.image) return { kind: 'changed' };
  const deployment = latestDeployment(cluster.state, job.id);
  const hasReplacedNone =
    deployment !== null && deployment.jobVersion === job.version && awaitsPromotion(deployment);
  const { image, update } = wanted;
  const outcome = cluster.register(job.id, {
    image,
    update: hasReplacedNone ? update : { ...update, canary: 0, autoPromote: false },
  });
  if (outcome.kind === 'done') return { kind: 'done' };
  throw new OutsideError('simulation', `revert ${job.id}`, outcome.why, { class: 'wait', why: 'refused' });
}
