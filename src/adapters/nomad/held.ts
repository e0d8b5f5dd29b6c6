/**
 * A job that a rollout holds: its update stanza carries Muster's mark, and its newest deployment is paused.
 * The mark is a stagger that nobody writes. Nomad uses the stagger of system jobs alone, and leaves workers as they are when
 * an update stanza changes; a mark in the job's meta would restart each of them.
 */
import type { NomadClient } from './client.js';
import { human } from './errors.js';
import {
  changedShape,
  type Deployment,
  deploymentShape,
  type Job,
  planShape,
  scaledShape,
} from './shapes.js';

/** Nanoseconds; Nomad's default is 30 s. The last digits make a registration differ from the one before. */
const MARK = 30_000_000_700;
const MARKS = 100;
/** Nomad's own, where no version is known that was not held. */
const DEFAULT = { Stagger: 30_000_000_000, ProgressDeadline: 600_000_000_000 };
/** Nanoseconds: longer than any soak, valley or person's pause. */
const WEEK = 604_800_000_000_000;
/**
 * Nomad is to do nothing by itself beyond one worker at a time: a revert would bring an old count back, too. Before 2.0.1 it
 * fails a paused deployment, too, once the deadline for progress is over; then the zone would be free, and the next scale
 * would bring the new image to every worker at once.
 */
const HELD = {
  Stagger: MARK,
  MaxParallel: 1,
  Canary: 0,
  AutoPromote: false,
  AutoRevert: false,
  ProgressDeadline: WEEK,
};

type Update = NonNullable<Job['TaskGroups'][number]['Update']>;

/** A registration's deployment is made by an evaluation, some milliseconds later. */
const LOOKS = 15;
const LOOK_MS = 100;

export const isPaused = (deployment: Deployment | null): boolean => deployment?.Status === 'paused';

export function isMarked(job: Job, group: string): boolean {
  const stagger = groupOf(job, group).Update?.Stagger ?? 0;
  return stagger >= MARK && stagger < MARK + MARKS;
}

export const isHeld = (job: Job, group: string, deployment: Deployment | null): boolean =>
  isPaused(deployment) && isMarked(job, group);

export const withHold = (job: Job, group: string): Job => withUpdate(job, group, HELD);

/** As people wrote it: the update stanza of the newest version without the mark. Nomad never forgets the newest stable one. */
export function withoutHold(job: Job, group: string, versions: Job[]): Job {
  const before = versions.find((one) => !isMarked(one, group));
  const known = before === undefined ? null : groupOf(before, group).Update;
  return withUpdate(job, group, known ?? DEFAULT);
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
  return client.post(pathOf(job), body, scaledShape);
}

/** Paused already, or over: nothing to do. */
export async function hold(client: NomadClient, deployment: Deployment | null): Promise<void> {
  if (deployment?.Status === 'running') await setPaused(client, deployment.ID, true);
}

export async function setPaused(client: NomadClient, id: string, pause: boolean): Promise<void> {
  await client.post(`/v1/deployment/pause/${id}`, { DeploymentID: id, Pause: pause }, changedShape);
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
  if (!isWell(deployment, group)) return false;
  await registerHeld(client, placing(job, group, count, count - groupOf(job, group).Count), false);
  return true;
}

/**
 * Workers that a lost or drained node took along, while none had room for them: under a paused deployment Nomad never
 * places them. Registered anew they come first, like those of a raise, as far as a plan says that some fit.
 */
export async function refillHeld(
  client: NomadClient,
  job: Job,
  group: string,
  deployment: Deployment | null,
  missing: number,
): Promise<void> {
  if (missing <= 0 || !isWell(deployment, group)) return;
  const anew = placing(job, group, groupOf(job, group).Count, missing);
  const plan = await client.post(`${pathOf(job)}/plan`, { Job: anew, Diff: false }, planShape);
  const failed = plan.FailedTGAllocs?.[group];
  if (failed === undefined || failed.CoalescedFailures + 1 < missing) await registerHeld(client, anew, true);
}

/** As many are healthy as were asked for: once it goes on it ends well, at once. */
export function isComplete(deployment: Deployment, group: string): boolean {
  const progress = deployment.TaskGroups?.[group];
  return progress === undefined || progress.HealthyAllocs >= progress.DesiredTotal;
}

/** A raise must not come up with an image that does not run. */
function isWell(deployment: Deployment | null, group: string): boolean {
  const progress = deployment?.TaskGroups?.[group];
  return progress === undefined || progress.HealthyAllocs >= progress.PlacedAllocs;
}

/** As many new ones may be placed at once, and so no old one is replaced. */
function placing(job: Job, group: string, count: number, many: number): Job {
  const stagger = groupOf(job, group).Update?.Stagger ?? MARK;
  const update = { MaxParallel: Math.max(1, many), Stagger: MARK + ((stagger - MARK + 1) % MARKS) };
  const TaskGroups = job.TaskGroups.map((one) => (one.Name === group ? { ...one, Count: count } : one));
  return withUpdate({ ...job, TaskGroups }, group, update);
}

const pathOf = (job: Job): string => `/v1/job/${encodeURIComponent(job.ID)}`;
