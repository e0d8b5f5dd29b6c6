/**
 * Nomad behind the orchestrator ports: 1.1 to 2.0, one job per zone.
 *
 * A change: is it there already? -> does something block it? -> what fits? -> POST scale, with the decision's id in Meta
 *           -> no answer: look for that id in the job's scaling events.
 * The scale request is never used to find out whether it is allowed: before 1.4 a refused one still placed allocations.
 */
import type { Blocked, ZoneSeen } from '../../core/model.js';
import { OutsideError } from '../../errors.js';
import type {
  Log,
  OrchestratorActor,
  OrchestratorReader,
  OrchestratorTarget,
  ScaleResult,
} from '../../ports.js';
import { busy, createBlocks, frozen } from './blocks.js';
import { createNomadClient, type NomadOptions } from './client.js';
import { failDeployment, promote } from './deployments.js';
import { ACTIVE_DEPLOYMENT, FROZEN, human } from './errors.js';
import { isHeld, deploymentOf as newestDeployment, raiseHeld } from './held.js';
import { createNodeBook, DECISION_META, isUp, seenAs } from './nodes.js';
import { counted, type Fit, isForbidden, planned, readAllocations, readJob } from './plan.js';
import { createBadVersions, revert, spread } from './revert.js';
import {
  type Deployment,
  drainedShape,
  eligibilityShape,
  type Job,
  nodeShape,
  scaledShape,
  scaleStatusShape,
  stoppedShape,
} from './shapes.js';
import { abandonedBy, count, holdsItsNode, isActive, workerOf } from './workers.js';

type NomadTarget = Extract<OrchestratorTarget, { kind: 'nomad' }>;
type Place = NomadTarget['targets'][number];

export function createNomadOrchestrator(
  options: NomadOptions & { log?: Log },
): OrchestratorReader & OrchestratorActor {
  const client = createNomadClient(options);
  const book = createNodeBook(client);
  const blocks = createBlocks(client, options.log);
  const badVersions = createBadVersions(client);
  const oneAtATime = serialised();
  const jobs = new Map<string, { at: number; job: ReturnType<typeof readJob> }>();
  let mayPlan = true;

  /** The job's constraints rarely change; a plan always reads the job afresh. */
  const jobOf = (id: string) => {
    const known = jobs.get(id);
    if (known !== undefined && Date.now() - known.at < JOB_KEPT_MS) return known.job;
    const job = readJob(client, id);
    jobs.set(id, { at: Date.now(), job });
    job.catch(() => jobs.delete(id));
    return job;
  };
  const nodesOf = async (places: Place[]) =>
    book.of(
      await Promise.all(places.map(async ({ zone, job, group }) => ({ zone, group, job: await jobOf(job) }))),
    );
  const deploymentOf = (job: string) => newestDeployment(client, job);
  const statusOf = async ({ job, group }: Place) => {
    const status = await client.get(`/v1/job/${encodeURIComponent(job)}/scale`, scaleStatusShape);
    const found = status.TaskGroups[group];
    if (found === undefined) throw human(`read job ${job}`, `it has no group "${group}"`);
    return {
      desired: status.JobStopped ? 0 : found.Desired,
      stopped: status.JobStopped,
      events: found.Events ?? [],
    };
  };

  const fit = async (target: NomadTarget, place: Place, wanted: number, job: Job): Promise<Fit> => {
    // A plan of a held job shows only what its paused update would do.
    const held = isHeld(job, place.group, await deploymentOf(place.job));
    if (mayPlan && !held) {
      try {
        return await planned(client, job, place.group, wanted);
      } catch (error) {
        if (!isForbidden(error)) throw error;
        mayPlan = false;
        options.log?.warn(
          { peer: 'nomad' },
          'the token may not plan (submit-job or plan-job), so free slots are counted',
        );
      }
    }
    const [nodes, allocations] = await Promise.all([
      nodesOf(target.targets),
      readAllocations(client, place.job),
    ]);
    const slots = { perNode: target.slotsPerNode, perAllocation: target.workersPerAllocation };
    return counted(job, place.group, wanted, nodes.get(place.zone) ?? [], allocations, slots);
  };

  const spreadBy = async (place: Place, deployment: Deployment | null): Promise<Blocked | null> => {
    const known = await badVersions.of(place, deployment);
    return known === null ? null : spread(known, deployment, await readAllocations(client, place.job));
  };

  const scaleTo = async (
    target: NomadTarget,
    place: Place,
    workers: number,
    why: { decisionId: string; message: string },
  ): Promise<ScaleResult> => {
    const per = target.workersPerAllocation;
    const wanted = Math.ceil(workers / per);
    const done = (allocations: number): ScaleResult => ({ kind: 'done', workers: allocations * per });
    // Before anything else that the count is judged by: whoever changes the job after this is not overwritten.
    const job = await readJob(client, place.job);
    const status = await statusOf(place);
    if (status.stopped) throw human(`scale job ${place.job}`, 'the job is stopped');
    if (status.desired === wanted) return done(wanted);
    const deployment = await deploymentOf(place.job);
    const blocked =
      (await blocks.of(place.job, place.group, deployment)) ?? (await spreadBy(place, deployment));
    if (blocked !== null && !(blocked.kind === 'rollout' && wanted > status.desired))
      return { kind: 'blocked', by: blocked };
    const raise = wanted > status.desired ? await fit(target, place, wanted, job) : null;
    const ask = raise === null ? wanted : Math.max(status.desired, raise.fits);
    if (ask === status.desired) return done(ask);
    if (blocked !== null) {
      const raised = await raiseHeld(client, job, place.group, deployment, ask);
      return raised ? done(ask) : { kind: 'blocked', by: blocked };
    }
    const body = {
      Count: ask,
      Target: { Group: place.group },
      Message: why.message,
      Meta: { [DECISION_META]: why.decisionId },
      // Refuses when somebody changed the job since it was read, a cut too; Nomad before 1.8.2 ignores it.
      JobModifyIndex: job.JobModifyIndex,
    };
    try {
      await client.post(`/v1/job/${encodeURIComponent(place.job)}/scale`, body, scaledShape);
      return done(ask);
    } catch (error) {
      const newest = Math.max(0, ...status.events.map((one) => one.CreateIndex));
      return afterTrouble(error, place, ask, why.decisionId, newest, done);
    }
  };

  const afterTrouble = async (
    error: unknown,
    place: Place,
    ask: number,
    decisionId: string,
    newestBefore: number,
    done: (allocations: number) => ScaleResult,
  ): Promise<ScaleResult> => {
    if (!(error instanceof OutsideError)) throw error;
    if (error.status === 400 && error.message.includes(ACTIVE_DEPLOYMENT)) {
      const deployment = await deploymentOf(place.job);
      if (isActive(deployment)) return { kind: 'blocked', by: busy(deployment, place.group) };
    }
    if (error.status === 403 && error.message.includes(FROZEN)) {
      return { kind: 'blocked', by: frozen('the scheduler configuration refuses job changes') };
    }
    if (error.status !== null) throw error;
    // No answer: it may have been carried out. A new event with our id says so, whatever somebody did after it.
    const { events } = await statusOf(place);
    const isOurs = events.some(
      (one) =>
        one.CreateIndex > newestBefore && one.Meta?.[DECISION_META] === decisionId && one.Count === ask,
    );
    if (!isOurs) throw error;
    return done(ask);
  };

  return {
    async zones(anyTarget) {
      const target = own(anyTarget);
      const [nodes, seen] = await Promise.all([
        nodesOf(target.targets),
        Promise.all(
          target.targets.map(async (place) => {
            const [status, deployment, allocations] = await Promise.all([
              statusOf(place),
              deploymentOf(place.job),
              readAllocations(client, place.job),
            ]);
            const [blocked, known] = await Promise.all([
              blocks.of(place.job, place.group, deployment),
              badVersions.of(place, deployment),
            ]);
            const abandoned = abandonedBy(deployment, place.group, status.desired, allocations);
            return {
              place,
              status,
              blocked: blocked ?? spread(known, deployment, allocations),
              bad: known?.bad ?? null,
              abandoned,
              counted: count(allocations, place.group, deployment),
            };
          }),
        ),
      ]);
      const per = target.workersPerAllocation;
      return seen.map(
        ({ place, status, blocked, bad, abandoned, counted: { ready, starting, draining } }): ZoneSeen => ({
          zone: place.zone,
          up: isUp(nodes.get(place.zone) ?? []),
          desired: status.desired * per,
          ready: ready * per,
          starting: starting * per,
          draining: draining * per,
          ...(abandoned > 0 ? { abandoned: abandoned * per } : {}),
          blocked,
          ...(bad === null ? {} : { bad }),
        }),
      );
    },

    async nodes(anyTarget) {
      const target = own(anyTarget);
      const [nodes, placed] = await Promise.all([
        nodesOf(target.targets),
        Promise.all(target.targets.map(({ job }) => readAllocations(client, job))),
      ]);
      const running = placed.flat().filter((one) => one.DesiredStatus === 'run' && holdsItsNode(one));
      const on = (id: string) =>
        running.filter((one) => one.NodeID === id).length * target.workersPerAllocation;
      return target.targets.flatMap(({ zone }) =>
        (nodes.get(zone) ?? []).map((node) => seenAs(node, zone, on(node.stub.ID))),
      );
    },

    async workers(anyTarget) {
      const target = own(anyTarget);
      const seen = await Promise.all(
        target.targets.map(async ({ zone, job, group }) => {
          const [allocations, deployment] = await Promise.all([
            readAllocations(client, job),
            deploymentOf(job),
          ]);
          return allocations
            .filter((one) => one.TaskGroup === group && holdsItsNode(one))
            .sort((a, b) => a.CreateIndex - b.CreateIndex)
            .map((one) => workerOf(one, zone, deployment, target.workersPerAllocation));
        }),
      );
      return seen.flat();
    },

    async plan(anyTarget, zone, workers) {
      const target = own(anyTarget);
      const place = placeIn(target, zone);
      const wanted = Math.ceil(workers / target.workersPerAllocation);
      const { fits, lacks, how } = await fit(target, place, wanted, await readJob(client, place.job));
      return { fits: Math.min(workers, fits * target.workersPerAllocation), lacks, how };
    },

    async scale(anyTarget, zone, workers, why) {
      const target = own(anyTarget);
      const place = placeIn(target, zone);
      return oneAtATime(place.job, () => scaleTo(target, place, workers, why));
    },

    async drain(_target, nodeId, why) {
      const path = `/v1/node/${encodeURIComponent(nodeId)}`;
      const node = await client.find(path, nodeShape);
      if (node === null) return;
      const isDraining = node.DrainStrategy !== null && node.DrainStrategy !== undefined;
      // Of this very drain: a node that was cordoned since carries the mark of an older one.
      const isDrained =
        node.LastDrain?.Status === 'complete' &&
        node.SchedulingEligibility !== 'eligible' &&
        node.LastDrain.Meta?.[DECISION_META] === why.decisionId;
      if (isDraining || isDrained) return;
      // A deadline of 0 would mean none.
      const Deadline = Math.max(1, Math.round(why.deadlineSeconds)) * 1e9;
      const body = {
        DrainSpec: { Deadline, IgnoreSystemJobs: true },
        Meta: { [DECISION_META]: why.decisionId },
      };
      await client.post(`${path}/drain`, body, drainedShape);
    },

    async cordon(_target, nodeId) {
      const path = `/v1/node/${encodeURIComponent(nodeId)}`;
      const node = await client.find(path, nodeShape);
      if (node === null || node.SchedulingEligibility !== 'eligible') return;
      await client.post(
        `${path}/eligibility`,
        { NodeID: nodeId, Eligibility: 'ineligible' },
        eligibilityShape,
      );
    },

    async uncordon(_target, nodeId) {
      const path = `/v1/node/${encodeURIComponent(nodeId)}`;
      const node = await client.find(path, nodeShape);
      if (node === null || node.SchedulingEligibility === 'eligible') return;
      if (node.DrainStrategy === null || node.DrainStrategy === undefined) {
        await client.post(
          `${path}/eligibility`,
          { NodeID: nodeId, Eligibility: 'eligible' },
          eligibilityShape,
        );
      } else {
        await client.post(`${path}/drain`, { DrainSpec: null, MarkEligible: true }, drainedShape);
      }
    },

    async stopWorker(anyTarget, workerId) {
      const target = own(anyTarget);
      const placed = await Promise.all(target.targets.map(({ job }) => readAllocations(client, job)));
      const found = placed.flat().find((one) => one.ID === workerId);
      if (found === undefined || found.DesiredStatus !== 'run' || !holdsItsNode(found)) return;
      await client.post(`/v1/allocation/${encodeURIComponent(workerId)}/stop`, {}, stoppedShape);
    },

    async failDeployment(anyTarget, zone, deploymentId) {
      await failDeployment(client, placeIn(own(anyTarget), zone).job, deploymentId);
    },

    async promote(anyTarget, zone, deploymentId) {
      return promote(client, placeIn(own(anyTarget), zone).job, deploymentId);
    },

    async revert(anyTarget, zone, versions) {
      const place = placeIn(own(anyTarget), zone);
      return oneAtATime(place.job, () => revert(client, place, versions));
    },
  };
}

const JOB_KEPT_MS = 600_000;

function own(target: OrchestratorTarget): NomadTarget {
  if (target.kind === 'nomad') return target;
  throw human(`read a target of kind ${target.kind}`, 'this adapter speaks to Nomad only');
}

function placeIn(target: NomadTarget, zone: string): Place {
  const place = target.targets.find((one) => one.zone === zone);
  if (place === undefined) throw human(`zone ${zone}`, 'the target has no such zone');
  return place;
}

/** Nomad's lock is per job, and two changes some milliseconds apart can both pass it: one at a time. */
function serialised(): <T>(key: string, act: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, act) => {
    const mine = (tails.get(key) ?? Promise.resolve()).then(act, act);
    const settled = mine.catch(() => {});
    tails.set(key, settled);
    try {
      return await mine;
    } finally {
      if (tails.get(key) === settled) tails.delete(key);
    }
  };
}
