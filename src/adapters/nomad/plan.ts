/** How much of a count would fit: asked of Nomad's plan, or, where the token may not plan, counted from free slots. */
import { OutsideError } from '../../errors.js';
import type { NomadClient } from './client.js';
import { human } from './errors.js';
import type { KnownNode } from './nodes.js';
import { type Allocation, allocationsShape, type Job, jobShape, type Plan, planShape } from './shapes.js';
import { holdsItsNode } from './workers.js';

/** In allocations. */
export interface Fit {
  fits: number;
  lacks: string | null;
  how: 'plan' | 'counted';
}

/** A plan's figures may be optimistic about the rest, so the count that it says fits is planned again. */
const MOST_PLANS = 4;

export async function planned(client: NomadClient, job: Job, group: string, count: number): Promise<Fit> {
  const most = groupOf(job, group).Scaling?.Max ?? count;
  let ask = Math.min(count, most);
  let lacks = ask < count ? `the job's scaling block allows at most ${most} allocations` : null;
  for (let n = 0; n < MOST_PLANS && ask > 0; n += 1) {
    const plan = await client.post(
      `/v1/job/${encodeURIComponent(job.ID)}/plan`,
      { Job: withCount(job, group, ask), Diff: false },
      planShape,
    );
    const failed = plan.FailedTGAllocs?.[group];
    if (failed === undefined) return { fits: ask, lacks, how: 'plan' };
    lacks = lackOf(failed);
    ask = Math.max(0, ask - 1 - failed.CoalescedFailures);
  }
  return { fits: ask, lacks, how: 'plan' };
}

export function counted(
  job: Job,
  group: string,
  count: number,
  nodes: KnownNode[],
  allocations: Allocation[],
  slots: { perNode: number; perAllocation: number },
): Fit {
  const own = allocations.filter((one) => one.TaskGroup === group && holdsItsNode(one));
  const live = own.filter((one) => one.DesiredStatus === 'run').length;
  let room = 0;
  for (const { stub } of nodes) {
    if (stub.Status !== 'ready' || stub.Drain || stub.SchedulingEligibility !== 'eligible') continue;
    const used = own.filter((one) => one.NodeID === stub.ID).length * slots.perAllocation;
    room += Math.max(0, Math.floor((slots.perNode - used) / slots.perAllocation));
  }
  const most = Math.min(live + room, groupOf(job, group).Scaling?.Max ?? Number.POSITIVE_INFINITY);
  const fits = Math.min(count, most);
  return {
    fits,
    lacks: fits < count ? `free slots for ${room} more, ${count - live} wanted` : null,
    how: 'counted',
  };
}

export async function readJob(client: NomadClient, id: string): Promise<Job> {
  return client.get(`/v1/job/${encodeURIComponent(id)}`, jobShape);
}

export async function readAllocations(client: NomadClient, id: string): Promise<Allocation[]> {
  return client.get(`/v1/job/${encodeURIComponent(id)}/allocations`, allocationsShape);
}

/** 1.1 says it with a 500 where a node answers, as for logs. */
export function isForbidden(error: unknown): boolean {
  if (!(error instanceof OutsideError)) return false;
  return error.status === 403 || (error.status === 500 && error.message.includes('Permission denied'));
}

function groupOf(job: Job, name: string): Job['TaskGroups'][number] {
  const group = job.TaskGroups.find((one) => one.Name === name);
  if (group === undefined) throw human(`read job ${job.ID}`, `it has no group "${name}"`);
  return group;
}

function withCount(job: Job, group: string, count: number): Job {
  const TaskGroups = job.TaskGroups.map((one) => (one.Name === group ? { ...one, Count: count } : one));
  return { ...job, TaskGroups };
}

function lackOf(failed: NonNullable<Plan['FailedTGAllocs']>[string]): string {
  if (failed.NodesEvaluated === 0) return 'no node is eligible';
  const exhausted = Object.keys(failed.DimensionExhausted ?? {});
  const filtered = Object.keys(failed.ConstraintFiltered ?? {});
  const why = exhausted.length > 0 ? `no ${exhausted.join(', no ')}` : filtered.join(', ');
  return `${failed.NodesExhausted} of ${failed.NodesEvaluated} nodes are full${why === '' ? '' : ` (${why})`}`;
}
