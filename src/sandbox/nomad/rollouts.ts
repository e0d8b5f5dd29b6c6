/**
 * The requests that roll images out: register, revert, versions, pre-pull. The pre-pull job of a fleet's job is a system
 * job named `<job>-prepull`, with an allocation per node that runs once the image is there.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { FIRST_UPDATE, logOf } from '../../simulation/cluster/images.js';
import type { SimAllocation, SimJob, SimUpdate, SimVm } from '../../simulation/cluster/state.js';
import type { Cluster } from '../../simulation/cluster.js';
import { jobJson, metaOf } from './render-job.js';
import { allocationJson } from './render-state.js';
import { goTime, ns, type Profile } from './wire.js';
import { Refused, wholeId } from './writes.js';

type Body = Record<string, unknown>;

interface SentJob {
  ID?: string;
  Type?: string;
  Meta?: Record<string, string> | null;
  TaskGroups?: {
    Count?: number;
    Update?: Partial<Record<'MaxParallel' | 'Canary' | 'Stagger' | 'ProgressDeadline', number>> &
      Partial<Record<'AutoPromote' | 'AutoRevert', boolean>>;
    Tasks?: { Config?: { image?: string } }[];
  }[];
}

const SUFFIX = '-prepull';
const NO_CANARY =
  '1 error occurred:\n\t* Task group workers validation failed: 1 error occurred:\n\t* Auto Promote requires a Canary count greater than zero\n\n\n\n';
const FROZEN = 'Job registration, dispatch, and scale are disabled by the scheduler configuration';

export function register(cluster: Cluster, body: Body, urlId: string | null): Body {
  const sent = body.Job as SentJob | undefined;
  if (sent === undefined) throw new Refused(400, 'Job must be specified');
  if (sent.ID === undefined) throw new Refused(400, "Job ID hasn't been provided");
  if (urlId !== null && sent.ID !== urlId) throw new Refused(400, 'Job ID does not match name');
  const group = sent.TaskGroups?.[0];
  const image = group?.Tasks?.[0]?.Config?.image;
  if (image === undefined) throw new Refused(500, '1 error occurred:\n\t* Missing image\n\n');
  if (sent.Type === 'system') return registerPrepull(cluster, sent.ID, image);
  const known = cluster.job(sent.ID);
  const enforced = body.EnforceIndex === true ? Number(body.JobModifyIndex ?? 0) : null;
  if (enforced === 0 && known !== null)
    throw new Refused(500, 'Enforcing job modify index 0: job already exists');
  const count = body.PreserveCounts === true ? undefined : group?.Count;
  // A change of meta makes Nomad restart every worker; this stand-in would have to lie.
  if (known !== null && !isDeepStrictEqual(sent.Meta ?? {}, metaOf(known)))
    throw new Refused(500, 'the stand-in keeps the meta of its jobs');
  const update = updateIn(group?.Update ?? {}, known?.update ?? FIRST_UPDATE, cluster.timing.progressMs);
  if (update.autoPromote && update.canary === 0) throw new Refused(500, NO_CANARY);
  const outcome = cluster.register(sent.ID, {
    image,
    ...(count === undefined ? {} : { count }),
    update,
    ...(enforced === null ? {} : { enforceIndex: enforced }),
  });
  if (outcome.kind === 'refused') {
    if (outcome.why !== 'index')
      throw outcome.why === 'frozen'
        ? new Refused(403, FROZEN)
        : new Refused(500, 'the stand-in knows the jobs of its fleets only');
    throw new Refused(
      500,
      `Enforcing job modify index ${enforced}: job exists with conflicting job modify index: ${outcome.actual}`,
    );
  }
  return registered(cluster, outcome.evalId, outcome.jobModifyIndex);
}

/** Unlike a registration that preserves counts, it brings the version's own count back. */
export function revert(cluster: Cluster, job: SimJob, body: Body): Body {
  if (body.JobID !== job.id) throw new Refused(400, 'Job ID does not match');
  const to = job.versions.find((one) => one.version === body.JobVersion);
  if (to?.version === job.version) throw new Refused(500, "can't revert to current version");
  if (to === undefined)
    throw new Refused(500, `job "${job.id}" in namespace "default" at version ${body.JobVersion} not found`);
  const { image, count, update } = to;
  const outcome = cluster.register(job.id, { image, count, update });
  if (outcome.kind === 'refused') throw new Refused(403, FROZEN);
  return registered(cluster, outcome.evalId, outcome.jobModifyIndex);
}

type SentUpdate = NonNullable<NonNullable<SentJob['TaskGroups']>[number]['Update']>;

function updateIn(sent: SentUpdate, before: SimUpdate, usualMs: number): SimUpdate {
  const progressMs = sent.ProgressDeadline === undefined ? before.progressMs : sent.ProgressDeadline / 1e6;
  return {
    maxParallel: sent.MaxParallel ?? before.maxParallel,
    canary: sent.Canary ?? before.canary,
    autoPromote: sent.AutoPromote ?? before.autoPromote,
    autoRevert: sent.AutoRevert ?? before.autoRevert,
    stagger: sent.Stagger ?? before.stagger,
    ...(progressMs === undefined || progressMs === usualMs ? {} : { progressMs }),
  };
}

export function versions(cluster: Cluster, job: SimJob, profile: Profile): Body {
  const newestFirst = [...job.versions].reverse();
  return {
    Diffs: null,
    Index: cluster.state.index,
    KnownLeader: true,
    LastContact: 0,
    Versions: newestFirst.map((one) => jobJson(cluster, job, profile, one)),
  };
}

/** A whole allocation carries its job as it was when it was placed. */
export function wholeAllocation(
  cluster: Cluster,
  one: SimAllocation,
  profile: Profile,
  workerPort: number | null,
): Body {
  const job = cluster.job(one.job);
  const version = job?.versions.find((each) => each.version === one.jobVersion);
  const count = version?.count ?? job?.count ?? 0;
  const was = { version: one.jobVersion, image: one.image, count, stable: false, update: FIRST_UPDATE };
  return {
    ...allocationJson(cluster, one),
    AllocatedResources: resourcesJson(workerPort),
    Job: job === null ? null : jobJson(cluster, job, profile, was),
  };
}

/** What the scheduler gave it, with the port of its group's network. */
function resourcesJson(port: number | null): Body {
  const label = { Label: 'health', Value: port, To: 0 };
  const network = { Device: 'lo', CIDR: '', IP: '127.0.0.1', MBits: 0, Mode: 'host' };
  const dynamic = { ...network, DynamicPorts: [{ ...label, HostNetwork: 'default' }], ReservedPorts: null };
  return {
    Shared: {
      DiskMB: 300,
      Networks: port === null ? null : [dynamic],
      Ports: port === null ? null : [{ ...label, HostIP: '127.0.0.1' }],
    },
    TaskLifecycles: { worker: null },
    Tasks: {
      worker: {
        Cpu: { CpuShares: 100, ReservedCores: null },
        Devices: null,
        Memory: { MemoryMB: 300, MemoryMaxMB: 0 },
        Networks: null,
      },
    },
  };
}

export function logs(cluster: Cluster, id: string, type: string | null): string {
  wholeId(id, 'alloc');
  const one = cluster.state.allocations.find((candidate) => candidate.id === id);
  if (one === undefined) throw new Refused(404, `alloc "${id}" not found`);
  return type === 'stdout' ? '' : `${logOf(one.image)}\n`;
}

/* ---- the pre-pull job ---- */

/** The pre-pull job of that name, when it is registered. */
export function prepullJob(cluster: Cluster, id: string): Body | null {
  const asked = askedOf(cluster, id);
  if (asked === null) return null;
  return {
    ID: id,
    Name: id,
    Namespace: 'default',
    Datacenters: ['dc1'],
    Constraints: null,
    Type: 'system',
    Status: 'running',
    Stop: false,
    Version: 0,
    JobModifyIndex: cluster.state.index,
    Meta: { muster_image: asked.image },
    SubmitTime: ns(asked.at),
    TaskGroups: [
      {
        Name: 'prepull',
        Count: 1,
        Constraints: null,
        Tasks: [{ Name: 'hold', Driver: 'docker', Config: { image: asked.image }, Env: null }],
      },
    ],
  };
}

export function prepullAllocations(cluster: Cluster, id: string): Body[] {
  const asked = askedOf(cluster, id);
  if (asked === null) return [];
  return cluster.vms(asked.job).flatMap((vm) => {
    const held = vm.images.find((one) => one.image === asked.image);
    return vm.state !== 'ready' || held === undefined
      ? []
      : [prepullAllocation(cluster, id, vm, asked, held.presentAt)];
  });
}

export function removeJob(cluster: Cluster, id: string): Body {
  const asked = askedOf(cluster, id);
  if (asked === null) throw new Refused(404, 'job not found');
  cluster.prepull(asked.job, null);
  return registered(cluster, '', cluster.state.index);
}

function askedOf(cluster: Cluster, id: string) {
  if (!id.endsWith(SUFFIX)) return null;
  return cluster.state.prepulls.find((one) => `${one.job}${SUFFIX}` === id) ?? null;
}

function registerPrepull(cluster: Cluster, id: string, image: string): Body {
  const base = id.endsWith(SUFFIX) ? cluster.job(id.slice(0, -SUFFIX.length)) : null;
  if (base === null) throw new Refused(500, 'the stand-in knows the jobs of its fleets only');
  if (askedOf(cluster, id)?.image !== image) cluster.prepull(base.id, image);
  return registered(cluster, '', cluster.state.index);
}

function prepullAllocation(
  cluster: Cluster,
  job: string,
  vm: SimVm,
  asked: { image: string; at: number },
  presentAt: number | null,
): Body {
  const hex = createHash('sha256').update(`${job}:${vm.id}:${asked.image}`).digest('hex');
  const failed = presentAt === null;
  const present = presentAt !== null && presentAt <= cluster.now;
  const event = failed
    ? { Type: 'Driver Failure', DisplayMessage: logOf(asked.image) }
    : { Type: 'Driver', DisplayMessage: present ? 'Task started by client' : 'Downloading image' };
  return {
    ID: `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4000-8000-${hex.slice(20, 32)}`,
    EvalID: '',
    Name: `${job}.prepull[0]`,
    Namespace: 'default',
    NodeID: vm.id,
    NodeName: vm.name,
    JobID: job,
    JobType: 'system',
    JobVersion: 0,
    TaskGroup: 'prepull',
    DesiredStatus: 'run',
    ClientStatus: failed ? 'failed' : present ? 'running' : 'pending',
    DeploymentStatus: null,
    CreateIndex: cluster.state.index,
    ModifyIndex: cluster.state.index,
    TaskStates: {
      hold: {
        State: failed ? 'dead' : present ? 'running' : 'pending',
        Failed: failed,
        Restarts: 0,
        StartedAt: present ? goTime(presentAt) : null,
        FinishedAt: null,
        Events: [{ Time: ns(asked.at), Details: {}, ...event }],
      },
    },
  };
}

function registered(cluster: Cluster, evalId: string, jobModifyIndex: number): Body {
  return {
    EvalCreateIndex: cluster.state.index,
    EvalID: evalId,
    Index: cluster.state.index,
    JobModifyIndex: jobModifyIndex,
    KnownLeader: true,
    LastContact: 0,
    Warnings: '',
  };
}
