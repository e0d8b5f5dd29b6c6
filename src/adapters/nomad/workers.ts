import type { WorkerSeen } from '../../ports.js';
import type { Allocation, Deployment } from './shapes.js';

/** The statuses of a deployment during which Nomad refuses to scale; a paused one blocks too. */
const ACTIVE = new Set(['running', 'paused', 'blocked', 'unblocking', 'initializing', 'pending']);

export function isActive(deployment: Deployment | null): deployment is Deployment {
  return deployment !== null && ACTIVE.has(deployment.Status);
}

/**
 * Allocations that a failed deployment asked for and never placed: Nomad places none for it any more. What a deployment
 * counts as placed is its own work alone, so those that run an earlier version, or wait to be started again, are nobody that
 * it left out.
 */
export function abandonedBy(
  deployment: Deployment | null,
  group: string,
  desired: number,
  allocations: Allocation[],
): number {
  const state = deployment?.TaskGroups?.[group];
  if (deployment?.Status !== 'failed' || state === undefined) return 0;
  const lives = (one: Allocation): boolean => one.TaskGroup === group && one.DesiredStatus === 'run';
  const missing = desired - there(allocations).filter(lives).length;
  return Math.max(0, Math.min(state.DesiredTotal - state.PlacedAllocs, missing));
}

export interface Counted {
  ready: number;
  starting: number;
  draining: number;
}

/** Allocations of one group by what they do, in allocations. Lost, failed and finished ones count nowhere. */
export function count(allocations: Allocation[], group: string, deployment: Deployment | null): Counted {
  const counted: Counted = { ready: 0, starting: 0, draining: 0 };
  for (const one of allocations) {
    if (one.TaskGroup !== group || !holdsItsNode(one)) continue;
    if (one.DesiredStatus !== 'run') counted.draining += one.ClientStatus === 'running' ? 1 : 0;
    else if (isReady(one, deployment)) counted.ready += 1;
    else counted.starting += 1;
  }
  return counted;
}

/** One allocation in the words of the port. */
export function workerOf(
  one: Allocation,
  zone: string,
  deployment: Deployment | null,
  workers: number,
): WorkerSeen {
  const state = one.DesiredStatus !== 'run' ? 'draining' : isReady(one, deployment) ? 'ready' : 'starting';
  return { id: one.ID, zone, nodeId: one.NodeID, state, workers };
}

/**
 * Those that hold a place: one that has ended as told is nobody any more, and a failed one only until its number is given to
 * another (1.1 goes on listing it as one that shall run).
 */
export function there(allocations: Allocation[]): Allocation[] {
  const isFailed = (one: Allocation) => one.DesiredStatus === 'run' && one.ClientStatus === 'failed';
  const isFollowed = (one: Allocation) =>
    allocations.some((other) => other.Name === one.Name && other.CreateIndex > one.CreateIndex);
  return allocations.filter((one) => holdsItsNode(one) || (isFailed(one) && !isFollowed(one)));
}

/** It runs, will run, or has not finished stopping. */
export function holdsItsNode(one: Allocation): boolean {
  return one.ClientStatus === 'running' || one.ClientStatus === 'pending';
}

/**
 * Ready = its tasks run and its health is true. Health is unknown (null) in two cases. No deployment is under way: then
 * running is all there is to know, and it counts. A deployment is under way: it resets the health of the survivors that
 * it updates in place, so one that is older than the deployment goes on serving, and a newer one is still starting.
 */
export function isReady(one: Allocation, deployment: Deployment | null): boolean {
  if (one.ClientStatus !== 'running' || !tasksRun(one)) return false;
  const healthy = one.DeploymentStatus?.Healthy ?? null;
  if (healthy !== null) return healthy;
  return !isActive(deployment) || one.CreateIndex < deployment.CreateIndex;
}

/** Prestart tasks end well and are dead; no task may be pending or have failed. */
function tasksRun(one: Allocation): boolean {
  const tasks = Object.values(one.TaskStates ?? {});
  if (tasks.length === 0) return true;
  const ran = (task: { State: string; Failed: boolean }) =>
    task.State === 'running' || (task.State === 'dead' && !task.Failed);
  return tasks.every(ran) && tasks.some((task) => task.State === 'running');
}
