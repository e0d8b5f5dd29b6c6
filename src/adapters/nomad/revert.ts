/**
 * Back to an earlier version of a job: registered as it was, with the live counts and fenced by the job's index. Never
 * Nomad's own revert, which brings the version's count back, too.
 */
import { isDeepStrictEqual } from 'node:util';
import { spreads } from '../../core/foreign.js';
import type { BadVersion, Blocked } from '../../core/model.js';
import type { RevertResult } from '../../ports.js';
import type { NomadClient } from './client.js';
import { human } from './errors.js';
import { deploymentOf, isMarked, register, withoutHold } from './held.js';
import { imageIn, versionsOf } from './images.js';
import { readJob } from './plan.js';
import { type Allocation, type Deployment, deploymentsShape, type Job } from './shapes.js';
import { isActive, there } from './workers.js';

interface Place {
  job: string;
  group: string;
}

export interface BadVersions {
  of(place: Place, deployment: Deployment | null): Promise<KnownBad | null>;
}

interface KnownBad {
  bad: BadVersion;
  /** All versions that run the same. */
  versions: number[];
  /** It would be tried on canaries first. */
  hasCanaries: boolean;
}

/**
 * Any scale makes a new deployment, which goes on where the failed one stopped: it takes the next good worker for what does
 * not get healthy. Not where canaries come first, and not where no good one is left.
 */
export function spread(
  known: KnownBad | null,
  deployment: Deployment | null,
  allocations: Allocation[],
): Blocked | null {
  if (known === null || known.hasCanaries || deployment === null || onlyLate(deployment)) return null;
  const isGood = (one: Allocation): boolean =>
    one.DesiredStatus === 'run' && !known.versions.includes(one.JobVersion ?? 0);
  if (!there(allocations).some(isGood)) return null;
  return { kind: 'bad-version', id: deployment.ID, since: null, detail: spreads(known.bad) };
}

/** Versions are read once for what a deployment is found to be, and not at each look. */
export function createBadVersions(client: NomadClient): BadVersions {
  const known = new Map<string, { of: string; bad: Promise<KnownBad | null> }>();
  return {
    async of(place, deployment) {
      if (deployment === null || !(isActive(deployment) || isIll(deployment))) return null;
      const of = `${deployment.ID} ${isIll(deployment)}`;
      const before = known.get(place.job);
      if (before?.of === of) return before.bad;
      const bad = badVersionOf(client, place, deployment);
      known.set(place.job, { of, bad });
      bad.catch(() => known.delete(place.job));
      return bad;
    },
  };
}

/** All that it placed got healthy: there was no room, or no time, for the others. A scale goes on with what works. */
const onlyLate = ({ TaskGroups }: Deployment): boolean =>
  Object.values(TaskGroups ?? {}).every(
    ({ HealthyAllocs, UnhealthyAllocs }) => HealthyAllocs > 0 && (UnhealthyAllocs ?? 0) === 0,
  );

async function badVersionOf(
  client: NomadClient,
  { job, group }: Place,
  deployment: Deployment,
): Promise<KnownBad | null> {
  const [newest, ...earlier] = await versionsOf(client, job);
  if (newest?.Version !== deployment.JobVersion || newest.Stable === true || isMarked(newest, group))
    return null;
  const stable = earlier.filter((one) => one.Stable === true);
  const [before] = stable;
  // Of a scale, say: what it runs was healthy.
  if (before === undefined || stable.some((one) => runsSame(one, newest))) return null;
  const tried = earlier.filter((one) => runsSame(one, newest));
  if (!isIll(deployment) && !(await hasFailed(client, job, tried))) return null;
  const update = newest.TaskGroups.find((one) => one.Name === group)?.Update;
  return {
    bad: { ...runs(newest, group), before: runs(before, group) },
    versions: [newest, ...tried].map((one) => one.Version ?? 0),
    hasCanaries: (update?.Canary ?? 0) > 0,
  };
}

/** A scale since then tries the same once more. */
async function hasFailed(client: NomadClient, job: string, versions: Job[]): Promise<boolean> {
  if (versions.length === 0) return false;
  const all = await client.get(`/v1/job/${encodeURIComponent(job)}/deployments`, deploymentsShape);
  return all.some(
    ({ Status, JobVersion }) => Status === 'failed' && versions.some((one) => one.Version === JobVersion),
  );
}

export async function revert(
  client: NomadClient,
  { job: id, group }: Place,
  { from, to }: { from: number | null; to: number },
): Promise<RevertResult> {
  const [job, versions, deployment] = await Promise.all([
    readJob(client, id),
    versionsOf(client, id),
    deploymentOf(client, id),
  ]);
  if (isMarked(job, group)) return { kind: 'rollout' };
  const version = (number: number) => versions.find((one) => one.Version === number);
  const wanted = version(to);
  if (wanted === undefined) return { kind: 'forgotten' };
  if (runsSame(job, wanted)) return { kind: 'done' };
  // A scale since then is no other version to people.
  const left = from === null ? job : version(from);
  if (left === undefined || !runsSame(job, left)) return { kind: 'changed' };
  if ((job as { Stop?: unknown }).Stop === true) throw human(`revert job ${id}`, 'the job is stopped');
  const own = isMarked(wanted, group) ? withoutHold(wanted, group, versions) : wanted;
  const back = hasReplacedNone(job, deployment) ? own : withoutCanaries(own);
  await register(client, { ...back, JobModifyIndex: job.JobModifyIndex }, true);
  return { kind: 'done' };
}

/** The canaries of the newest version alone run it: going back restarts nobody, and Nomad asks for no canary. */
const hasReplacedNone = (job: Job, deployment: Deployment | null): boolean =>
  deployment?.JobVersion === job.Version &&
  Object.values(deployment?.TaskGroups ?? {}).every(
    (group) => (group.DesiredCanaries ?? 0) > 0 && group.Promoted !== true,
  );

/**
 * In a full zone a canary would find no room; Nomad refuses to promote by itself what has none. Whoever deploys next brings
 * the job's own update stanza.
 */
const withoutCanaries = (job: Job): Job => ({
  ...job,
  TaskGroups: job.TaskGroups.map((group) =>
    group.Update == null ? group : { ...group, Update: { ...group.Update, Canary: 0, AutoPromote: false } },
  ),
});

const isIll = (deployment: Deployment): boolean =>
  deployment.Status === 'failed' ||
  (isActive(deployment) &&
    Object.values(deployment.TaskGroups ?? {}).some(({ UnhealthyAllocs }) => (UnhealthyAllocs ?? 0) > 0));

const runs = (job: Job, group: string) => ({ version: job.Version ?? 0, image: imageIn(job, group) });

/** What Nomad writes into a version, and what workers are neither started nor stopped for. */
const BESIDES = new Set(
  'Version Stable Status StatusDescription SubmitTime CreateIndex ModifyIndex JobModifyIndex VersionTag NomadTokenID Update Count Scaling'.split(
    ' ',
  ),
);

const runsSame = (a: Job, b: Job): boolean => isDeepStrictEqual(whatRuns(a), whatRuns(b));

const whatRuns = (job: Job): object => ({ ...bare(job), TaskGroups: job.TaskGroups.map(bare) });

const bare = (of: object): object =>
  Object.fromEntries(Object.entries(of).filter(([key]) => !BESIDES.has(key)));
