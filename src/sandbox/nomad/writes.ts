/** Nomad's mutating requests over the simulated cluster, refused with Nomad's own words. */
import type { Cluster } from '../../simulation/cluster.js';
import { failureJson } from './render-state.js';
import type { Profile } from './wire.js';

/** A plain-text refusal. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly text: string,
  ) {
    super(text);
  }
}

type Body = Record<string, unknown>;

export function parseBody(text: string): Body {
  if (text === '') throw new Refused(400, 'Request body is empty');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refused(400, 'unexpected EOF');
  }
  if (typeof body !== 'object' || body === null) {
    throw new Refused(400, 'json: cannot unmarshal value into Go value');
  }
  return body as Body;
}

interface Marked {
  Meta?: { muster_decision?: unknown; muster_rollout?: unknown } | null;
}

/** The decision or the rollout that a change names. */
export function decisionIn(text: string): string | null {
  try {
    const sent = JSON.parse(text) as Marked & { Job?: Marked };
    const mark = sent.Meta?.muster_decision ?? sent.Job?.Meta?.muster_rollout;
    return typeof mark === 'string' ? mark : null;
  } catch {
    return null;
  }
}

export function scale(cluster: Cluster, jobId: string, body: Body, profile: Profile): Body {
  const target = (body.Target ?? {}) as { Group?: string; Job?: string; Namespace?: string };
  const count = body.Count ?? null;
  const error = body.Error === true;
  if (count !== null && !(typeof count === 'number' && Number.isInteger(count))) {
    const kind = typeof count === 'number' ? `number ${count}` : typeof count;
    throw new Refused(
      400,
      `json: cannot unmarshal ${kind} into Go struct field ScalingRequest.Count of type int64`,
    );
  }
  if (target.Job !== undefined && target.Job !== jobId) {
    throw new Refused(400, 'job ID in payload did not match URL');
  }
  if (target.Namespace !== undefined && target.Namespace !== 'default') {
    throw new Refused(400, 'namespace in payload did not match header');
  }
  if (target.Group === undefined || target.Group === '') {
    throw new Refused(400, 'missing task group name for scaling action');
  }
  if (count !== null && count < 0) throw new Refused(400, "scaling action count can't be negative");
  if (count !== null && error) {
    throw new Refused(400, 'scaling action should not contain count if error is true');
  }
  const job = cluster.job(jobId);
  if (job === null) throw new Refused(404, `job "${jobId}" not found`);
  if (target.Group !== job.group) {
    throw new Refused(400, `task group "${target.Group}" specified for scaling does not exist in job`);
  }
  const request = {
    count,
    error,
    message: typeof body.Message === 'string' ? body.Message : '',
    meta: (body.Meta ?? null) as Record<string, unknown> | null,
    // Nomad has looked at it since 1.8.2 only.
    enforceIndex: profile === '2.0' && typeof body.JobModifyIndex === 'number' ? body.JobModifyIndex : 0,
  };
  const outcome = cluster.scale(jobId, request);
  if (outcome.kind === 'done') {
    return {
      EvalCreateIndex: outcome.evalIndex,
      EvalID: outcome.evalId,
      Index: cluster.state.index,
      JobModifyIndex: outcome.jobModifyIndex,
      KnownLeader: true,
      LastContact: 0,
      Warnings: '',
    };
  }
  switch (outcome.why) {
    case 'no-job':
      throw new Refused(404, `job "${jobId}" not found`);
    case 'frozen':
      throw new Refused(
        403,
        'Job registration, dispatch, and scale are disabled by the scheduler configuration',
      );
    case 'above-max':
      throw new Refused(
        400,
        `group count was greater than scaling policy maximum: ${count} > ${outcome.bound}`,
      );
    case 'below-min':
      throw new Refused(400, `group count was less than scaling policy minimum: ${count} < ${outcome.bound}`);
    case 'index':
      throw new Refused(
        500,
        `Enforcing job modify index ${request.enforceIndex}: job exists with conflicting job modify index: ${outcome.actual}`,
      );
    case 'deployment': {
      const text = 'job scaling blocked due to active deployment';
      const original = {
        OriginalCount: count,
        OriginalMessage: request.message,
        OriginalMeta: request.meta,
      };
      // Until 1.2.3 a refusal left an event; since then it leaves none.
      if (profile === '1.1') cluster.note(jobId, { count: null, error: true, message: text, meta: original });
      throw new Refused(400, text);
    }
  }
}

export function plan(cluster: Cluster, jobId: string, body: Body): Body {
  const sent = body.Job as { ID?: string; TaskGroups?: { Name: string; Count: number }[] } | undefined;
  if (sent === undefined) throw new Refused(400, 'Job must be specified');
  if (sent.ID === undefined) throw new Refused(400, 'Job must have a valid ID');
  if (sent.ID !== jobId) throw new Refused(400, 'Job ID does not match');
  const job = cluster.job(jobId);
  const count = sent.TaskGroups?.[0]?.Count ?? 0;
  const missing = job === null ? count : count - cluster.fits(jobId, count);
  const nodes = cluster.vms(jobId).filter((vm) => vm.state === 'ready' && vm.eligible).length;
  const live = job === null ? 0 : cluster.fits(jobId, job.count);
  return {
    Annotations: {
      DesiredTGUpdates: {
        workers: {
          Canary: 0,
          DestructiveUpdate: 0,
          Ignore: 0,
          InPlaceUpdate: Math.min(live, count),
          Migrate: 0,
          Place: Math.max(0, count - live),
          Preemptions: 0,
          Stop: Math.max(0, live - count),
        },
      },
      PreemptedAllocs: null,
    },
    CreatedEvals: null,
    Diff: null,
    FailedTGAllocs: missing > 0 ? { workers: failureJson(missing, nodes) } : null,
    Index: cluster.state.index,
    JobModifyIndex: job?.jobModifyIndex ?? 0,
    NextPeriodicLaunch: null,
    Warnings: '',
  };
}

export function stopAllocation(cluster: Cluster, id: string): Body {
  wholeId(id, 'alloc');
  if (!cluster.state.allocations.some((one) => one.id === id)) throw new Refused(404, 'alloc not found');
  cluster.stopAllocation(id);
  return { EvalID: cluster.state.evaluations.at(-1)?.id ?? '', Index: cluster.state.index };
}

export function drain(cluster: Cluster, id: string, body: Body): Body {
  wholeId(id, 'node');
  const spec = (body.DrainSpec ?? null) as { Deadline?: number; IgnoreSystemJobs?: boolean } | null;
  const nanos = spec?.Deadline ?? 0;
  const request =
    spec === null
      ? null
      : {
          deadlineSeconds: nanos === 0 ? null : nanos / 1e9,
          ignoreSystemJobs: spec.IgnoreSystemJobs ?? false,
          meta: (body.Meta ?? null) as Record<string, string> | null,
        };
  if (!cluster.drain(id, request, body.MarkEligible === true)) throw new Refused(500, 'node not found');
  return {
    EvalCreateIndex: 0,
    EvalIDs: null,
    Index: cluster.state.index,
    NodeModifyIndex: cluster.state.index,
  };
}

export function eligibility(cluster: Cluster, id: string, body: Body): Body {
  wholeId(id, 'node');
  const wanted = body.Eligibility;
  if (wanted !== 'eligible' && wanted !== 'ineligible') {
    throw new Refused(500, `invalid scheduling eligibility "${String(wanted)}"`);
  }
  const outcome = cluster.setEligible(id, wanted === 'eligible');
  if (outcome === 'no-node') throw new Refused(500, 'node not found');
  if (outcome === 'draining') {
    throw new Refused(500, "can not set node's scheduling eligibility to eligible while it is draining");
  }
  return { EvalCreateIndex: 0, EvalIDs: null, Index: cluster.state.index, NodeModifyIndex: 0 };
}

export function wholeId(id: string, what: string): void {
  if (id.length !== 36)
    throw new Refused(500, `${what} lookup failed: index error: UUID must be 36 characters`);
}
