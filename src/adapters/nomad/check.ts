/**
 * What `doctor` asks of Nomad: is it there, and which ACL capability does the token lack? Reads are tried. The rights to
 * change are tried with requests that Nomad must refuse for another reason (no group named, no such node, task or index of
 * the job), and it looks at
 * the token first: 403 means the right is missing, anything else that it is there. Nothing is changed.
 */
import { z } from 'zod';
import { OutsideError } from '../../errors.js';
import type { OrchestratorTarget } from '../../ports.js';
import { createNomadClient, type NomadOptions } from './client.js';
import { FROZEN } from './errors.js';
import { objectIn } from './files.js';
import { isForbidden, readAllocations } from './plan.js';
import { jobShape } from './shapes.js';

export interface NomadCheck {
  what: string;
  ok: boolean;
  /** What is wrong and what to do, or what was found. */
  detail: string;
  /** The bot works without it, only less well. */
  optional: boolean;
}

/** Remedies that run by themselves and cannot without the right: then it is not optional. */
const CHANGING = ['promote', 'unwedge', 'roll-back'];
const RECYCLING = ['recycle-worker'];
/** A task that no job has, and a file that no worker has. */
const NO_NAME = 'muster-doctor-looks';
/** No job is ever of it: the index begins with the cluster's own entries. */
const NO_INDEX = 1;
const NO_NODE = '00000000-0000-4000-8000-000000000000';
const anything = z.unknown();

export async function checkNomad(
  options: NomadOptions,
  targets: OrchestratorTarget[],
  /** What the configuration makes of it: remedies that run by themselves, workers whose health is read from files. */
  { auto = [], readsFiles = false }: { auto?: string[]; readsFiles?: boolean } = {},
): Promise<NomadCheck[]> {
  const client = createNomadClient(options);
  const leader = await client.get('/v1/status/leader', z.string()).catch((error: unknown) => wordsOf(error));
  const reached = /^\S+:\d+$/.test(leader);
  const checks: NomadCheck[] = [
    {
      what: 'reach Nomad',
      ok: reached,
      detail: reached ? `its leader is ${leader}` : leader,
      optional: false,
    },
  ];
  if (!reached) return checks;
  const attempt = async (what: string, right: string, optional: boolean, ask: () => Promise<unknown>) => {
    const error = await ask().then(
      () => null,
      (thrown: unknown) => thrown,
    );
    const silent = error instanceof OutsideError && error.class === 'retry';
    // A cluster that its operator froze refuses everybody.
    const isFrozen = error instanceof OutsideError && error.message.includes(FROZEN);
    const ok = !silent && (isFrozen || !isForbidden(error));
    const detail = ok ? 'yes' : silent ? error.message : `the token lacks ${right}`;
    checks.push({ what, ok, detail, optional });
  };
  const jobs = targets.flatMap((target) => (target.kind === 'nomad' ? target.targets : []));
  const [first] = jobs;
  if (first !== undefined) {
    const path = `/v1/job/${encodeURIComponent(first.job)}`;
    await attempt('read jobs', 'read-job', false, () => client.get(path, anything));
    await attempt('read scale', 'read-job-scaling', false, () => client.get(`${path}/scale`, anything));
    await attempt('scale', 'scale-job', false, () => client.post(`${path}/scale`, { Target: {} }, anything));
    await attempt('plan', 'submit-job (or plan-job, since 1.11.2)', true, async () => {
      const job = await client.get(path, jobShape);
      return client.post(`${path}/plan`, { Job: job, Diff: false }, anything);
    });
    const isAuto = (names: string[]) => names.some((name) => auto.includes(name));
    await attempt('deploy, unwedge: change jobs', 'submit-job', !isAuto(CHANGING), async () => {
      const Job = await client.get(path, jobShape);
      const never = { EnforceIndex: true, JobModifyIndex: NO_INDEX, PreserveCounts: true };
      return client.post(path, { Job, ...never }, anything);
    });
    const all = await readAllocations(client, first.job).catch(() => []);
    const worker = all.find((one) => one.ClientStatus === 'running');
    const recycle = 'deploy, recycle: stop workers';
    const logs = 'deploy: read logs';
    const files = 'health: read files';
    if (worker === undefined) {
      for (const what of [recycle, logs, ...(readsFiles ? [files] : [])])
        checks.push({ what, ok: true, detail: 'no worker runs, so it cannot be tried', optional: true });
    } else {
      await attempt(recycle, 'alloc-lifecycle', !isAuto(RECYCLING), () =>
        client.post(`/v1/client/allocation/${worker.ID}/restart`, { TaskName: NO_NAME }, anything),
      );
      await attempt(logs, 'read-logs', true, () =>
        client.text(`/v1/client/fs/logs/${worker.ID}`, { task: NO_NAME, type: 'stderr', plain: 'true' }),
      );
      if (readsFiles)
        await attempt(files, 'read-fs', true, () => objectIn(client, worker.ID, `alloc/${NO_NAME}`));
    }
  }
  await attempt('read nodes', 'node { policy = "read" }', false, () => client.get('/v1/nodes', anything));
  await attempt('drain nodes', 'node { policy = "write" }', false, () =>
    client.post(`/v1/node/${NO_NODE}/drain`, { DrainSpec: null }, anything),
  );
  await attempt('read the scheduler configuration', 'operator { policy = "read" }', true, () =>
    client.get('/v1/operator/scheduler/configuration', anything),
  );
  await attempt('read scaling policies', 'list-scaling-policies', true, () =>
    client.get('/v1/scaling/policies', anything),
  );
  for (const { job, group } of jobs) {
    const found = await client.find(`/v1/job/${encodeURIComponent(job)}`, jobShape).catch(() => null);
    const ok = found?.TaskGroups.some((one) => one.Name === group) === true;
    const detail = found === null ? 'no such job' : ok ? 'yes' : `it has no group "${group}"`;
    checks.push({ what: `job ${job}`, ok, detail, optional: false });
  }
  return checks;
}

function wordsOf(error: unknown): string {
  return error instanceof OutsideError ? error.message : 'no answer';
}
