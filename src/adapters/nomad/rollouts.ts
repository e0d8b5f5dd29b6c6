/**
 * Rollouts on Nomad, node by node, one job per zone.
 *
 * Nomad replaces workers in the order of their numbers, not by node, and refuses to scale while a deployment runs. So:
 *   update, first node of a zone   register the job with the new image (PreserveCounts, EnforceIndex, max_parallel 1, no
 *                                  canaries, no auto-revert), and pause the deployment at once. In between Nomad takes one
 *                                  worker, the lowest number: `images` lists workers in that order, so that the caller can
 *                                  begin with that worker's node. Before 1.6.3 two workers may bear one number, and it
 *                                  may be the other's node: then this step stops nobody else.
 *   update                         stop the node's old allocations. Under a paused deployment Nomad replaces what is stopped
 *                                  and nothing else, and what it starts is of the new version. Where they come up is its
 *                                  choice among the nodes with room: mostly the node that was just emptied.
 *   a raise meanwhile              the job is registered with the new count and held again (see held.ts).
 *   refill                         workers that a node took along are asked for anew: a paused deployment forgets them.
 *   back                           the same with the old image. Never Nomad's own revert: it brings the old count back.
 *   release                        the deployment goes on; all are healthy, so it ends well and the version is stable. Then,
 *                                  or where it lacks workers, the job gets back the update stanza that it had.
 * A bot that dies between registration and pause leaves a deployment that goes on one worker at a time and stops at the
 * first that is unhealthy; the next `update` pauses it.
 */
import type { FleetImages, WorkerImage } from '../../core/rollout/images.js';
import type { Log, OrchestratorTarget, RolloutActor, RolloutReader } from '../../ports.js';
import { busy } from './blocks.js';
import { createNomadClient, type NomadClient, type NomadOptions } from './client.js';
import { human } from './errors.js';
import {
  deploymentOf,
  hold,
  isComplete,
  isHeld,
  isMarked,
  isPaused,
  refillHeld,
  register,
  registerHeld,
  setPaused,
  withoutHold,
} from './held.js';
import {
  imageIn,
  imagesOf,
  mainTask,
  prepullId,
  prepullJob,
  pulledBy,
  versionsOf,
  withImage,
} from './images.js';
import { readAllocations, readJob } from './plan.js';
import { pullsOf, tailOf } from './pulls.js';
import {
  type Allocation,
  type Deployment,
  evaluatedShape,
  type Job,
  jobShape,
  scaledShape,
  stoppedShape,
} from './shapes.js';
import { isActive, isReady, there } from './workers.js';

type NomadTarget = Extract<OrchestratorTarget, { kind: 'nomad' }>;
type Place = NomadTarget['targets'][number];

/** A task that came up so often in vain is not about to come up. */
const RESTARTS = 3;

export function createNomadRollouts(options: NomadOptions & { log?: Log }): RolloutReader & RolloutActor {
  const client = createNomadClient(options);

  const look = async ({ job: id, group }: Place) => {
    const [job, deployment, all] = await Promise.all([
      readJob(client, id),
      deploymentOf(client, id),
      readAllocations(client, id),
    ]);
    const own = there(all.filter((one) => one.TaskGroup === group)).sort(byNumber);
    return { job, deployment, own, images: await imagesOf(client, job, group, own) };
  };

  return {
    async images(anyTarget): Promise<FleetImages> {
      const target = nomad(anyTarget);
      const zones = await Promise.all(
        target.targets.map(async (place) => ({ place, ...(await look(place)) })),
      );
      return {
        zones: zones.map(({ place, job }) => ({
          zone: place.zone,
          image: imageIn(job, place.group) ?? '',
          held: isMarked(job, place.group),
        })),
        workers: zones.flatMap(({ place, own, images, deployment }) =>
          own.map((one) => ({
            id: one.ID,
            zone: place.zone,
            node: one.NodeID,
            workers: target.workersPerAllocation,
            image: images.get(one.ID) ?? null,
            state: stateOf(one, deployment),
          })),
        ),
      };
    },

    async prepulled(anyTarget, image) {
      const places = nomad(anyTarget).targets;
      return (await Promise.all(places.map((place) => pullsOf(client, place, image)))).flat();
    },

    async lastHealthy(anyTarget, but) {
      const versions = await Promise.all(
        nomad(anyTarget).targets.map(async ({ job, group }) =>
          (await versionsOf(client, job))
            .filter((one) => one.Stable === true)
            .map((one) => ({ image: imageIn(one, group), at: one.SubmitTime ?? 0 })),
        ),
      );
      const others = versions.flat().filter(({ image }) => image !== null && image !== but);
      return others.sort((a, b) => b.at - a.at)[0]?.image ?? null;
    },

    async logTail(anyTarget, workerId, lines) {
      const [place] = nomad(anyTarget).targets;
      if (place === undefined) return null;
      const task = mainTask(await readJob(client, place.job), place.group);
      const tail = await tailOf(client, workerId, task ?? '', lines);
      if (tail === 'forbidden') {
        options.log?.warn({ peer: 'nomad' }, 'the token may not read logs (read-logs)');
        return null;
      }
      return tail;
    },

    async prepull(anyTarget, image, why) {
      for (const { job: id, group } of nomad(anyTarget).targets) {
        const known = await client.find(`/v1/job/${encodeURIComponent(prepullId(id))}`, jobShape);
        if (known !== null && pulledBy(known) === image && !isStopped(known)) continue;
        const job = prepullJob(await readJob(client, id), group, image, why.rolloutId);
        await client.post(`/v1/job/${encodeURIComponent(prepullId(id))}`, { Job: job }, scaledShape);
      }
    },

    async endPrepull(anyTarget) {
      for (const { job } of nomad(anyTarget).targets)
        await client.remove(`/v1/job/${encodeURIComponent(prepullId(job))}`, { purge: 'true' });
    },

    async update(anyTarget, zone, nodeId, image, why) {
      const target = nomad(anyTarget);
      const place = placeIn(target, zone);
      let seen = await look(place);
      const old = ({ own, images }: typeof seen): Allocation[] =>
        own.filter((one) => one.DesiredStatus === 'run' && images.get(one.ID) !== image);
      const before = old(seen);
      const { job, deployment } = seen;
      if (imageIn(job, place.group) !== image || !isMarked(job, place.group)) {
        // Muster's own that nobody paused, or that was let go and does not end, is in nobody's way.
        if (isActive(deployment) && !isPaused(deployment) && !isMarked(job, place.group))
          return { kind: 'blocked', by: busy(deployment, place.group) };
        await registerHeld(client, withImage(job, place.group, image), true);
        seen = await look(place);
      }
      await hold(client, seen.deployment);
      const left = old(seen);
      const taken = before.filter(({ ID }) => !left.some((one) => one.ID === ID));
      const most = Math.max(0, Math.floor(why.most / target.workersPerAllocation) - taken.length);
      // Nomad began on another node: this one has its turn in the next step, or never.
      const isElsewhere = taken.length > 0 && taken.every((one) => one.NodeID !== nodeId);
      const asked = left.filter((one) => one.NodeID === nodeId && (why.workers?.includes(one.ID) ?? true));
      const chosen = isElsewhere ? [] : asked.slice(0, most);
      for (const { ID } of chosen) await client.post(`/v1/allocation/${ID}/stop`, {}, stoppedShape);
      if (why.workers !== undefined && chosen.some(hasFailed)) await startAnew(client, place.job);
      return { kind: 'done', replaced: (taken.length + chosen.length) * target.workersPerAllocation };
    },

    async refill(anyTarget, zone) {
      const place = placeIn(nomad(anyTarget), zone);
      const { job, deployment, own } = await look(place);
      if (!isHeld(job, place.group, deployment)) return;
      const count = job.TaskGroups.find((one) => one.Name === place.group)?.Count ?? 0;
      const live = own.filter((one) => one.DesiredStatus === 'run').length;
      await refillHeld(client, job, place.group, deployment, count - live);
    },

    async release(anyTarget, zone) {
      const { job: id, group } = placeIn(nomad(anyTarget), zone);
      const [job, deployment] = await Promise.all([readJob(client, id), deploymentOf(client, id)]);
      if (!isMarked(job, group)) return;
      // One that lacks workers would hold the zone until its far deadline: it is superseded instead.
      const endsWell = isActive(deployment) && isComplete(deployment, group);
      if (endsWell && isPaused(deployment)) return setPaused(client, deployment.ID, false);
      if (endsWell) return;
      await register(client, withoutHold(job, group, await versionsOf(client, id)), true);
    },
  };
}

/** Its process has ended for good: to be told to stop does nothing to it. */
const hasFailed = (one: Allocation): boolean => one.ClientStatus === 'failed';

/** Failed allocations alone are started anew, now instead of after 30 s to an hour; those that run are left as they are. */
async function startAnew(client: NomadClient, job: string): Promise<void> {
  const body = { JobID: job, EvalOptions: { ForceReschedule: true } };
  await client.post(`/v1/job/${encodeURIComponent(job)}/evaluate`, body, evaluatedShape);
}

function stateOf(one: Allocation, deployment: Deployment | null): WorkerImage['state'] {
  if (one.DesiredStatus !== 'run') return 'stopping';
  const restarts = Object.values(one.TaskStates ?? {}).map((task) => task.Restarts ?? 0);
  const comesInVain = one.DeploymentStatus?.Healthy !== true && Math.max(0, ...restarts) >= RESTARTS;
  if (one.ClientStatus === 'failed' || one.DeploymentStatus?.Healthy === false || comesInVain)
    return 'failed';
  return isReady(one, deployment) ? 'ready' : 'starting';
}

/** Nomad's own order: by the number in the name. */
const byNumber = (a: Allocation, b: Allocation): number => numberOf(a) - numberOf(b);
const numberOf = (one: Allocation): number => Number(/\[(\d+)\]$/.exec(one.Name ?? '')?.[1] ?? 0);

const isStopped = (job: Job): boolean => (job as { Stop?: unknown }).Stop === true;

function nomad(target: OrchestratorTarget): NomadTarget {
  if (target.kind === 'nomad') return target;
  throw human(`read a target of kind ${target.kind}`, 'this adapter speaks to Nomad only');
}

function placeIn(target: NomadTarget, zone: string): Place {
  const place = target.targets.find((one) => one.zone === zone);
  if (place === undefined) throw human(`zone ${zone}`, 'the target has no such zone');
  return place;
}
