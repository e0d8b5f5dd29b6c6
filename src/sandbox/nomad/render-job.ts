/** A simulated job in Nomad's JSON, field for field as 1.1.2 answers; 2.0 has some more. */

import type { SimAllocation, SimJob, SimUpdate, SimVersion } from '../../simulation/cluster/state.js';
import type { Cluster } from '../../simulation/cluster.js';
import { ns, type Profile } from './wire.js';

/** The job as it is, or as one of its versions was. */
export function jobJson(
  cluster: Cluster,
  job: SimJob,
  profile: Profile,
  was: Omit<SimVersion, 'at'> | null = null,
): Record<string, unknown> {
  const restart = { Attempts: 2, Delay: ns(15_000), Interval: ns(1_800_000), Mode: 'fail' };
  const own = job.versions.find((one) => one.version === job.version);
  const { version, image, count, stable, update } = was ?? { ...job, stable: own?.stable };
  return {
    Affinities: null,
    AllAtOnce: false,
    Constraints: [
      { LTarget: interpolated('node.class'), RTarget: job.fleet, Operand: '=' },
      { LTarget: interpolated('meta.zone'), RTarget: job.zone, Operand: '=' },
    ],
    ConsulNamespace: '',
    ConsulToken: '',
    CreateIndex: job.createIndex,
    Datacenters: ['dc1'],
    Dispatched: false,
    ID: job.id,
    JobModifyIndex: job.jobModifyIndex,
    Meta: metaOf(job),
    ModifyIndex: job.modifyIndex,
    Multiregion: null,
    Name: job.id,
    Namespace: 'default',
    ...(profile === '2.0' ? { NodePool: 'default' } : {}),
    NomadTokenID: '',
    ParameterizedJob: null,
    ParentID: '',
    Payload: null,
    Periodic: null,
    Priority: 50,
    Region: 'global',
    Spreads: null,
    Stable: stable ?? false,
    Status: job.count > 0 ? 'running' : 'dead',
    StatusDescription: '',
    Stop: false,
    SubmitTime: ns(job.submittedAt),
    TaskGroups: [
      {
        Affinities: null,
        Constraints: null,
        Consul: { Namespace: '' },
        Count: count,
        EphemeralDisk: { Migrate: false, SizeMB: 300, Sticky: job.sticky },
        Meta: null,
        Migrate: {
          HealthCheck: 'task_states',
          HealthyDeadline: ns(300_000),
          MaxParallel: 1,
          MinHealthyTime: ns(cluster.timing.minHealthyMs),
        },
        Name: job.group,
        Networks: null,
        ReschedulePolicy: {
          Attempts: 0,
          Delay: ns(30_000),
          DelayFunction: 'exponential',
          Interval: 0,
          MaxDelay: ns(3_600_000),
          Unlimited: true,
        },
        RestartPolicy: restart,
        Scaling: scalingJson(job),
        Services: null,
        ShutdownDelay: null,
        Spreads: null,
        StopAfterClientDisconnect: null,
        Tasks: [
          {
            Affinities: null,
            Artifacts: null,
            CSIPluginConfig: null,
            Config: { image },
            Constraints: null,
            DispatchPayload: null,
            Driver: 'docker',
            Env: null,
            KillSignal: 'SIGTERM',
            KillTimeout: ns(cluster.timing.workerStopMs),
            Kind: '',
            Leader: false,
            Lifecycle: null,
            LogConfig: { MaxFileSizeMB: 10, MaxFiles: 10 },
            Meta: null,
            Name: 'worker',
            Resources: {
              CPU: 1000,
              Cores: 0,
              Devices: null,
              DiskMB: 0,
              IOPS: 0,
              MemoryMB: 4096,
              MemoryMaxMB: 0,
              Networks: null,
            },
            RestartPolicy: restart,
            ScalingPolicies: null,
            Services: null,
            ShutdownDelay: 0,
            Templates: null,
            User: '',
            Vault: null,
            VolumeMounts: null,
          },
        ],
        Update: updateJson(cluster, update, 'task_states'),
        Volumes: null,
      },
    ],
    Type: 'service',
    Update: updateJson(cluster, update, ''),
    VaultNamespace: '',
    VaultToken: '',
    Version: version,
  };
}

const interpolated = (name: string): string => `\${${name}}`;

export const metaOf = (job: SimJob): Record<string, string> => ({ fleet: job.fleet });

function updateJson(cluster: Cluster, update: SimUpdate, check: string): Record<string, unknown> {
  return {
    AutoPromote: update.autoPromote,
    AutoRevert: update.autoRevert,
    Canary: update.canary,
    HealthCheck: check,
    HealthyDeadline: ns(300_000),
    MaxParallel: update.maxParallel,
    MinHealthyTime: ns(cluster.timing.minHealthyMs),
    ProgressDeadline: ns(update.progressMs ?? cluster.timing.progressMs),
    Stagger: update.stagger,
  };
}

function scalingJson(job: SimJob): Record<string, unknown> | null {
  if (job.scaling === null) return null;
  return { ...policyJson(job), Max: job.scaling.max, Min: job.scaling.min, Policy: rulesJson(job) };
}

/** One scaling policy per job; its id is the job's own index in UUID's clothes. */
export function policyJson(job: SimJob): Record<string, unknown> {
  return {
    CreateIndex: job.createIndex,
    Enabled: true,
    ID: `00000000-0000-4000-8000-${job.createIndex.toString(16).padStart(12, '0')}`,
    ModifyIndex: job.createIndex,
    Target: { Namespace: 'default', Job: job.id, Group: job.group },
    Type: 'horizontal',
  };
}

export function rulesJson(job: SimJob): Record<string, unknown> {
  return job.foreignPolicy ? { check: [{ load: [{ source: 'prometheus', query: 'load' }] }] } : {};
}

export function jobStub(
  cluster: Cluster,
  job: SimJob,
  profile: Profile,
  meta: boolean,
): Record<string, unknown> {
  return {
    CreateIndex: job.createIndex,
    Datacenters: ['dc1'],
    ID: job.id,
    JobModifyIndex: job.jobModifyIndex,
    JobSummary: summaryJson(cluster, job, profile),
    ...(meta && profile === '2.0' ? { Meta: { fleet: job.fleet } } : {}),
    ModifyIndex: job.modifyIndex,
    Multiregion: null,
    Name: job.id,
    Namespace: 'default',
    ...(profile === '2.0' ? { NodePool: 'default' } : {}),
    ParameterizedJob: false,
    ParentID: '',
    Periodic: false,
    Priority: 50,
    Status: job.count > 0 ? 'running' : 'dead',
    StatusDescription: '',
    Stop: false,
    SubmitTime: ns(job.submittedAt),
    Type: 'service',
  };
}

export function summaryJson(cluster: Cluster, job: SimJob, profile: Profile): Record<string, unknown> {
  const own = cluster.state.allocations.filter((one) => one.job === job.id);
  const many = (which: (one: SimAllocation) => boolean) => own.filter(which).length;
  const blocked = cluster.state.evaluations.find((one) => one.job === job.id && one.status === 'blocked');
  return {
    Children: { Dead: 0, Pending: 0, Running: 0 },
    CreateIndex: job.createIndex,
    JobID: job.id,
    ModifyIndex: job.modifyIndex,
    Namespace: 'default',
    Summary: {
      [job.group]: {
        Complete: many((one) => one.client === 'complete'),
        Failed: 0,
        Lost: many((one) => one.client === 'lost'),
        Queued: blocked?.queued ?? 0,
        Running: many((one) => one.client === 'running'),
        Starting: many((one) => one.client === 'pending'),
        ...(profile === '2.0' ? { Unknown: 0 } : {}),
      },
    },
  };
}
