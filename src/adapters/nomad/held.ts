/**
 * A job that a rollout holds: its update stanza carries Muster's mark, and its newest deployment is paused.
 * The mark is a stagger that nobody writes. Nomad uses the stagger of system jobs alone, and leaves workers as they are when
 * an update stanza changes; a mark in the job's meta would restart each of them.
 */
import type { NomadClient } from './client.js';
import { human } from './errors.js';
import { type Deployment, deploymentShape, type Job, pausedShape, scaledShape } from './shapes.js';

/** Nanoseconds. Nomad's default is 30 s. */
const MARK = 30_000_000_007;
const DEFAULT_STAGGER = 30_000_000_000;
/** Nomad is to do nothing by itself beyond one worker at a time: a revert would bring an old count back, too. */
const HELD = { Stagger: MARK, MaxParallel: 1, Canary: 0, AutoPromote: false, AutoRevert: false };

type Update = NonNullable<Job['TaskGroups'][number]['Update']>;

/** A registration's deployment is made by an evaluation, some milliseconds later. */
const LOOKS = 15;
const LOOK_MS = 100;

export const isPaused = (deployment: Deployment | null): boolean => deployment?.Status === 'paused';

export function isMarked(job: Job, group: string): boolean {
  return groupOf(job, group).Update?.Stagger === MARK;
}

export const isHeld = (job: Job, group: string, deployment: Deployment | null): boolean =>
  isPaused(deployment) && isMarked(job, group);

export const withHold = (job: Job, group: string): Job => withUpdate(job, group, HELD);

/** As people wrote it: the update stanza of the newest version without the mark. Nomad never forgets the newest stable one. */
export function withoutHold(job: Job, group: string, versions: Job[]): Job {
  const before = versions.find((one) => !isMarked(one, group));
  const known = before === undefined ? null : groupOf(before, group).Update;
  return withUpdate(job, group, known ?? { Stagger: DEFAULT_STAGGER });
}

function withUpdate(job: Job, group: string, change: Update): Job {
  const TaskGroups = job.TaskGroups.map((one) =>
    one.Name === group ? { ...one, Update: { ...one.Update, ...change } } : one,
  );
  return { ...job, TaskGroups };
}

function groupOf(job: Job, name: string): Job['TaskGroups'][number] {
  const group = job.TaskGroups.find((one) => one.Name === name);
  if (group === undefined) throw human(`read job ${job.ID}`, `it has no group "${name}"`);
  return group;
}

/**
 * Registers the job as it was read and changed (somebody else's change in between is refused) and pauses the deployment
 * that this makes. Until the pause Nomad takes the first worker that is to be replaced, and no other: the update's
 * max_parallel is 1 and its workers are not healthy that soon.
 */
export async function registerHeld(client: NomadClient, job: Job, preserveCounts: boolean): Promise<void> {
  const { JobModifyIndex } = await register(client, job, preserveCounts);
  for (let look = 0; look < LOOKS; look += 1) {
    const deployment = await deploymentOf(client, job.ID);
    if ((deployment?.JobModifyIndex ?? 0) >= JobModifyIndex) return hold(client, deployment);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

export function register(client: NomadClient, job: Job, preserveCounts: boolean) {
  const body = {
    Job: job,
    EnforceIndex: true,
    JobModifyIndex: job.JobModifyIndex,
    PreserveCounts: preserveCounts,
  };
  return client.post(`/v1/job/${encodeURIComponent(job.ID)}`, body, scaledShape);
}

/** Paused already, or over: nothing to do. */
export async function hold(client: NomadClient, deployment: Deployment | null): Promise<void> {
  if (deployment?.Status === 'running') await setPaused(client, deployment.ID, true);
}

export async function setPaused(client: NomadClient, id: string, pause: boolean): Promise<void> {
  await client.post(`/v1/deployment/pause/${id}`, { DeploymentID: id, Pause: pause }, pausedShape);
}

export function deploymentOf(client: NomadClient, job: string): Promise<Deployment | null> {
  return client.get(`/v1/job/${encodeURIComponent(job)}/deployment`, deploymentShape);
}

/**
 * A raise in a held job: registered with the new count, and held again. New workers come first in Nomad's order, so that
 * with max_parallel of just as many no old one is replaced. false: not while a new worker is not well.
 */
export async function raiseHeld(
  client: NomadClient,
  job: Job,
  group: string,
  deployment: Deployment | null,
  count: number,
): Promise<boolean> {
  const progress = deployment?.TaskGroups?.[group];
  const isWell = progress === undefined || progress.HealthyAllocs >= progress.PlacedAllocs;
  if (!isWell) return false;
  const TaskGroups = job.TaskGroups.map((one) =>
    one.Name === group
      ? { ...one, Count: count, Update: { ...one.Update, MaxParallel: Math.max(1, count - one.Count) } }
      : one,
  );
  await registerHeld(client, { ...job, TaskGroups }, false);
  return true;
}
