/**
 * The in-memory twin of the rollout ports, over the simulated cluster. What the Nomad adapter does with several requests
 * (see src/adapters/nomad/rollouts.ts, where the scheme is explained) is one act here; a contract suite holds them equal.
 */

import type { Millis } from '../core/model.js';
import type { FleetImages, WorkerImage } from '../core/rollout/images.js';
import { OutsideError } from '../errors.js';
import type { Clock, OrchestratorTarget, RolloutActor, RolloutReader } from '../ports.js';
import { isComplete } from './cluster/deployments.js';
import { logOf } from './cluster/images.js';
import { activeDeployment, holdsSlots, isLive, type SimAllocation, type SimJob } from './cluster/state.js';
import type { Cluster } from './cluster.js';

/** Its deadline is as far away as the Nomad adapter's: see held.ts there. */
const HELD = { maxParallel: 1, canary: 0, autoPromote: false, autoRevert: false, progressMs: 604_800_000 };

export type RolloutMethod = keyof RolloutReader | keyof RolloutActor;

export interface RolloutTwinOptions {
  cluster: Cluster;
  /** When given, the cluster is brought to its time before each call. */
  clock?: Clock;
  /** Runs inside every call: it may wait, throw, or let the act happen and lose its answer. */
  fault?: (call: {
    port: 'rollouts';
    method: RolloutMethod;
    zone: string | null;
  }) => Promise<'pass' | 'lose-answer'>;
}

export function createSimulatedRollouts(options: RolloutTwinOptions): RolloutReader & RolloutActor {
  const { cluster } = options;
  const through = async <T>(method: RolloutMethod, zone: string | null, act: () => T): Promise<T> => {
    const verdict = (await options.fault?.({ port: 'rollouts', method, zone })) ?? 'pass';
    if (options.clock !== undefined) cluster.advance(options.clock.now());
    const answer = act();
    if (verdict === 'pass') return answer;
    throw new OutsideError('simulation', method, 'no answer came', { class: 'retry', why: 'timeout' });
  };

  return {
    images: (target) => through('images', null, () => imagesOf(cluster, target)),
    prepulled: (target, image) =>
      through('prepulled', null, () =>
        jobsOf(cluster, target).flatMap(({ zone, job }) =>
          cluster.state.prepulls.some((one) => one.job === job.id && one.image === image)
            ? cluster
                .vms(job.id)
                .filter((vm) => vm.state === 'ready')
                .flatMap((vm) =>
                  vm.images
                    .filter((one) => one.image === image)
                    .map(({ presentAt }) => ({
                      zone,
                      node: vm.id,
                      state: pullState(presentAt, cluster.now),
                      detail: presentAt === null ? logOf(image) : null,
                    })),
                )
            : [],
        ),
      ),
    lastHealthy: (target, but) =>
      through('lastHealthy', null, () => {
        const known = jobsOf(cluster, target).flatMap(({ job }) => job.versions);
        const healthy = known.filter((one) => one.stable && one.image !== but);
        return healthy.sort((a, b) => b.at - a.at || b.version - a.version)[0]?.image ?? null;
      }),
    logTail: (_target, workerId, lines) =>
      through('logTail', null, () => {
        const one = cluster.state.allocations.find((candidate) => candidate.id === workerId);
        return one === undefined ? null : logOf(one.image).split('\n').slice(-lines).join('\n');
      }),
    prepull: (target, image) =>
      through('prepull', null, () => {
        for (const { job } of jobsOf(cluster, target)) {
          const known = cluster.state.prepulls.find((one) => one.job === job.id);
          if (known?.image !== image) cluster.prepull(job.id, image);
        }
      }),
    endPrepull: (target) =>
      through('endPrepull', null, () => {
        for (const { job } of jobsOf(cluster, target))
          if (cluster.state.prepulls.some((one) => one.job === job.id)) cluster.prepull(job.id, null);
      }),
    update: (target, zone, nodeId, image, why) =>
      through('update', zone, () => {
        const job = jobIn(cluster, target, zone);
        const old = () => ofJob(cluster, job).filter((one) => isLive(one) && one.image !== image);
        const before = old();
        if (job.image !== image || job.held === null) {
          const running = activeDeployment(cluster.state, job.id);
          if (running !== null && running.status !== 'paused' && job.held === null) return blockedBy(running);
          job.held ??= job.update;
          const outcome = cluster.register(job.id, { image, update: HELD });
          if (outcome.kind === 'refused') throw refused(job.id, outcome.why);
        }
        const deployment = activeDeployment(cluster.state, job.id);
        if (deployment?.status === 'running') cluster.pauseDeployment(deployment.id, true);
        const per = target.workersPerAllocation;
        // The scheduler takes the first by itself between the registration and the pause.
        const left = old();
        const taken = before.filter(({ id }) => !left.some((one) => one.id === id));
        const isElsewhere = taken.length > 0 && taken.every((one) => one.vm !== nodeId);
        const chosen = left
          .filter((one) => one.vm === nodeId && !isElsewhere && (why.workers?.includes(one.id) ?? true))
          .sort((a, b) => a.slot - b.slot)
          .slice(0, Math.max(0, Math.floor(why.most / per) - taken.length));
        for (const one of chosen) cluster.stopAllocation(one.id);
        return { kind: 'done' as const, replaced: (taken.length + chosen.length) * per };
      }),
    refill: (target, zone) =>
      through('refill', zone, () => {
        const job = jobIn(cluster, target, zone);
        const missing = job.count - ofJob(cluster, job).filter(isLive).length;
        if (missing > 0 && cluster.fits(job.id, job.count) > job.count - missing)
          placeHeld(cluster, job, job.count, missing);
      }),
    release: (target, zone) =>
      through('release', zone, () => {
        const job = jobIn(cluster, target, zone);
        const deployment = activeDeployment(cluster.state, job.id);
        if (job.held === null) return;
        const endsWell = deployment !== null && isComplete(deployment, ofJob(cluster, job).filter(isLive));
        if (endsWell && deployment.status === 'paused') cluster.pauseDeployment(deployment.id, false);
        if (endsWell) return;
        cluster.register(job.id, { image: job.image, update: job.held });
        job.held = null;
      }),
  };
}

/** True while a rollout's own paused deployment holds the job. */
export function isHeld(cluster: Cluster, job: SimJob): boolean {
  return job.held !== null && activeDeployment(cluster.state, job.id)?.status === 'paused';
}

/**
 * A raise in a zone that a rollout holds: the job is registered with the new count, and held again. Only while every new
 * worker is well: a raise must not come up with an image that does not run. False: it cannot be done now.
 */
export function raiseHeld(cluster: Cluster, job: SimJob, count: number): boolean {
  return count > job.count && placeHeld(cluster, job, count, count - job.count);
}

function placeHeld(cluster: Cluster, job: SimJob, count: number, many: number): boolean {
  const ill = ofJob(cluster, job).some(
    (one) => isLive(one) && one.image === job.image && one.healthy !== true,
  );
  if (!isHeld(cluster, job) || ill) return false;
  const outcome = cluster.register(job.id, {
    image: job.image,
    count,
    update: { ...HELD, maxParallel: many, stagger: job.update.stagger + 1 },
  });
  const deployment = activeDeployment(cluster.state, job.id);
  if (deployment !== null) cluster.pauseDeployment(deployment.id, true);
  return outcome.kind === 'done';
}

function imagesOf(cluster: Cluster, target: OrchestratorTarget): FleetImages {
  const jobs = jobsOf(cluster, target);
  return {
    zones: jobs.map(({ zone, job }) => ({
      zone,
      image: job.image,
      held: job.held !== null,
    })),
    workers: jobs.flatMap(({ zone, job }) =>
      ofJob(cluster, job)
        .sort((a, b) => a.slot - b.slot)
        .map((one) => ({
          id: one.id,
          zone,
          node: one.vm,
          workers: target.workersPerAllocation,
          image: one.image,
          state: stateOf(one, cluster.now),
        })),
    ),
  };
}

function stateOf(one: SimAllocation, now: Millis): WorkerImage['state'] {
  if (one.desired === 'stop') return 'stopping';
  if (one.healthy === false) return 'failed';
  return one.servesAt <= now ? 'ready' : 'starting';
}

function pullState(presentAt: Millis | null, now: Millis): 'pulling' | 'present' | 'failed' {
  if (presentAt === null) return 'failed';
  return presentAt <= now ? 'present' : 'pulling';
}

const ofJob = (cluster: Cluster, job: SimJob): SimAllocation[] =>
  cluster.state.allocations.filter((one) => one.job === job.id && holdsSlots(one));

function blockedBy(one: { id: string; createdAt: Millis; description: string }) {
  const by = { kind: 'deployment' as const, id: one.id, since: one.createdAt, detail: one.description };
  return { kind: 'blocked' as const, by };
}

function jobsOf(cluster: Cluster, target: OrchestratorTarget): { zone: string; job: SimJob }[] {
  const wanted =
    target.kind === 'nomad'
      ? target.targets.map(({ zone, job }) => ({ zone, id: job }))
      : target.targets.map(({ zone, deployment }) => ({ zone, id: deployment }));
  return wanted.map(({ zone, id }) => {
    const job = cluster.job(id);
    if (job === null) throw refused(id, 'no-job');
    return { zone, job };
  });
}

function jobIn(cluster: Cluster, target: OrchestratorTarget, zone: string): SimJob {
  const found = jobsOf(cluster, target).find((one) => one.zone === zone);
  if (found === undefined) throw refused(`zone ${zone}`, 'no-zone');
  return found.job;
}

const refused = (what: string, why: string): OutsideError =>
  new OutsideError('simulation', `read ${what}`, why, { class: 'human', why: 'refused' });
