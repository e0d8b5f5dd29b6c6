/** A job that a rollout holds: its newest deployment is paused, and the job names the rollout. */
import type { NomadClient } from './client.js';
import { type Deployment, deploymentShape, type Job, pausedShape, scaledShape } from './shapes.js';

export const ROLLOUT_META = 'muster_rollout';
/** A registration's deployment is made by an evaluation, some milliseconds later. */
const LOOKS = 15;
const LOOK_MS = 100;

export const isPaused = (deployment: Deployment | null): boolean => deployment?.Status === 'paused';

export const holderOf = (job: Job, deployment: Deployment | null): string | null =>
  isPaused(deployment) ? (job.Meta?.[ROLLOUT_META] ?? null) : null;

/**
 * Registers the job as it was read and changed (somebody else's change in between is refused) and pauses the deployment
 * that this makes. Until the pause Nomad takes the first worker that is to be replaced, and no other: the update's
 * max_parallel is 1 and its workers are not healthy that soon.
 */
export async function registerHeld(client: NomadClient, job: Job, preserveCounts: boolean): Promise<void> {
  const body = {
    Job: job,
    EnforceIndex: true,
    JobModifyIndex: job.JobModifyIndex,
    PreserveCounts: preserveCounts,
  };
  const path = `/v1/job/${encodeURIComponent(job.ID)}`;
  const { JobModifyIndex } = await client.post(path, body, scaledShape);
  for (let look = 0; look < LOOKS; look += 1) {
    const deployment = await deploymentOf(client, job.ID);
    if ((deployment?.JobModifyIndex ?? 0) >= JobModifyIndex) return hold(client, deployment);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
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
