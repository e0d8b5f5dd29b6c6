/** A job's image: where it stands in the job, which one each allocation runs, and the jobs that are made of it. */
import type { NomadClient } from './client.js';
import { human } from './errors.js';
import { withHold } from './held.js';
import { type Allocation, type Job, versionsShape, wholeAllocationShape } from './shapes.js';

type Task = NonNullable<Job['TaskGroups'][number]['Tasks']>[number];

/** A wrapper around containers (raw_exec, say) takes its image from this variable. */
const IMAGE_VARIABLE = 'IMAGE';
const PULL_AGAIN_NS = 10e9;
const PULLED_META = 'muster_image';
const ROLLOUT_META = 'muster_rollout';

/** The task that serves: the first for good that names an image. */
export function imageIn(job: Job, group: string): string | null {
  const task = servingTask(job, group);
  return task === null ? null : imageOfTask(task);
}

export function mainTask(job: Job, group: string): string | null {
  return servingTask(job, group)?.Name ?? null;
}

/** The job with another image, held. */
export function withImage(job: Job, group: string, image: string): Job {
  const serving = servingTask(job, group);
  if (serving === null) throw human(`read job ${job.ID}`, `no task of group "${group}" names an image`);
  const TaskGroups = job.TaskGroups.map((one) =>
    one.Name !== group
      ? one
      : {
          ...one,
          Tasks: one.Tasks?.map((task) => (task.Name === serving.Name ? taskWith(task, image) : task)),
        },
  );
  return withHold({ ...job, TaskGroups }, group);
}

/** The image of each allocation, by its job version; a version that Nomad has forgotten is read from the allocation. */
export async function imagesOf(
  client: NomadClient,
  job: Job,
  group: string,
  allocations: Allocation[],
): Promise<Map<string, string | null>> {
  const known = new Map<number, string | null>([[job.Version ?? 0, imageIn(job, group)]]);
  if (allocations.some((one) => !known.has(one.JobVersion ?? 0)))
    for (const one of await versionsOf(client, job.ID)) known.set(one.Version ?? 0, imageIn(one, group));
  const found = new Map<string, string | null>();
  for (const one of allocations) {
    const version = one.JobVersion ?? 0;
    if (!known.has(version)) {
      const whole = await client.find(`/v1/allocation/${one.ID}`, wholeAllocationShape);
      known.set(version, whole?.Job == null ? null : imageIn(whole.Job, group));
    }
    found.set(one.ID, known.get(version) ?? null);
  }
  return found;
}

/** Newest first; Nomad keeps six. */
export async function versionsOf(client: NomadClient, id: string): Promise<Job[]> {
  return (await client.get(`/v1/job/${encodeURIComponent(id)}/versions`, versionsShape)).Versions;
}

export const prepullId = (job: string): string => `${job}-prepull`;
export const pulledBy = (job: Job): string | null => job.Meta?.[PULLED_META] ?? null;

/** The pre-pull task that runs once the image is there. */
export const HOLD_TASK = 'hold';

/**
 * A system job that holds the image on every node that may run the fleet's job. Its task sleeps rather than ends: the
 * driver removes an image that no container uses after some minutes. 7 GB take longer than the driver's usual patience.
 * A wrapper's image is pulled by a task before it: a process runs while it pulls, and must not look as if it were done.
 */
export function prepullJob(job: Job, group: string, image: string, rolloutId: string): object {
  const serving = servingTask(job, group);
  if (serving === null) throw human(`read job ${job.ID}`, `no task of group "${group}" names an image`);
  const own = job.TaskGroups.find((one) => one.Name === group);
  const { Namespace, Region } = job as { Namespace?: unknown; Region?: unknown };
  const sleep = 'while :; do sleep 3600; done';
  const common = { Driver: serving.Driver, KillTimeout: 1e9, Resources: { CPU: 20, MemoryMB: 32 } };
  const shell = (line: string) => ({ command: '/bin/sh', args: ['-c', line] });
  const Tasks = isContainer(serving)
    ? [
        {
          ...common,
          Name: HOLD_TASK,
          Config: { image, entrypoint: ['/bin/sh', '-c'], args: [sleep], image_pull_timeout: '45m' },
        },
      ]
    : [
        {
          ...common,
          Name: 'pull',
          Lifecycle: { Hook: 'prestart', Sidecar: false },
          Config: shell(`docker pull "$${IMAGE_VARIABLE}"`),
          Env: { [IMAGE_VARIABLE]: image },
        },
        { ...common, Name: HOLD_TASK, Config: shell(sleep) },
      ];
  return {
    ID: prepullId(job.ID),
    Name: prepullId(job.ID),
    Type: 'system',
    Priority: 30,
    Datacenters: job.Datacenters ?? null,
    ...(Namespace === undefined ? {} : { Namespace }),
    ...(Region === undefined ? {} : { Region }),
    ...(job.NodePool == null ? {} : { NodePool: job.NodePool }),
    Constraints: [...(job.Constraints ?? []), ...(own?.Constraints ?? [])],
    Meta: { [PULLED_META]: image, [ROLLOUT_META]: rolloutId },
    TaskGroups: [
      {
        Name: 'prepull',
        Count: 1,
        // A registry that stumbles is asked twice more.
        RestartPolicy: { Attempts: 2, Delay: PULL_AGAIN_NS, Interval: 1_800e9, Mode: 'fail' },
        Tasks,
      },
    ],
  };
}

function servingTask(job: Job, group: string): Task | null {
  const tasks = job.TaskGroups.find((one) => one.Name === group)?.Tasks ?? [];
  return tasks.find((task) => task.Lifecycle == null && imageOfTask(task) !== null) ?? null;
}

function imageOfTask(task: Task): string | null {
  const image = isContainer(task) ? task.Config?.image : task.Env?.[IMAGE_VARIABLE];
  return typeof image === 'string' && image !== '' ? image : null;
}

const isContainer = (task: Task): boolean => typeof task.Config?.image === 'string';

function taskWith(task: Task, image: string): Task {
  return isContainer(task)
    ? { ...task, Config: { ...task.Config, image } }
    : { ...task, Env: { ...task.Env, [IMAGE_VARIABLE]: image } };
}
