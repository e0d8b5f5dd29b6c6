/** Deployments of others: what one waits for, and the ways out that people choose. */
import { areWell } from '../../core/foreign.js';
import type { Canaries } from '../../core/model.js';
import type { PromoteResult } from '../../ports.js';
import type { NomadClient } from './client.js';
import { human } from './errors.js';
import { deploymentOf } from './held.js';
import { changedShape, type Deployment } from './shapes.js';
import { isActive } from './workers.js';

/** Nomad's words for it are gone once a deployment was paused, so it is counted. null: there is nothing to promote. */
export function canariesOf(deployment: Deployment): Canaries | null {
  const waiting = Object.values(deployment.TaskGroups ?? {}).filter(
    (group) => (group.DesiredCanaries ?? 0) > 0 && group.Promoted !== true && group.AutoPromote !== true,
  );
  if (waiting.length === 0) return null;
  const sum = (of: (group: (typeof waiting)[number]) => number) =>
    waiting.reduce((all, group) => all + of(group), 0);
  return {
    healthy: sum((group) => Math.min(group.HealthyAllocs, group.DesiredCanaries ?? 0)),
    asked: sum((group) => group.DesiredCanaries ?? 0),
  };
}

export async function failDeployment(client: NomadClient, job: string, id: string): Promise<void> {
  const newest = await deploymentOf(client, job);
  if (newest?.ID !== id) throw human(`fail deployment ${id}`, `it is not the newest of job ${job}`);
  if (!isActive(newest)) return;
  await client.post(`/v1/deployment/fail/${encodeURIComponent(id)}`, {}, changedShape);
}

export async function promote(client: NomadClient, job: string, id: string): Promise<PromoteResult> {
  const newest = await deploymentOf(client, job);
  if (newest?.ID !== id) return { kind: 'superseded' };
  const canaries = isActive(newest) ? canariesOf(newest) : null;
  if (canaries === null) return { kind: 'done' };
  if (!areWell(canaries)) return { kind: 'unhealthy', canaries };
  const body = { DeploymentID: id, All: true };
  await client.post(`/v1/deployment/promote/${encodeURIComponent(id)}`, body, changedShape);
  return { kind: 'done' };
}
