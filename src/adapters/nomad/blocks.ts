/** What may stand in the way of a change: another owner, the operator, a running deployment. */
import { canaryWords } from '../../core/foreign.js';
import type { Blocked } from '../../core/model.js';
import type { Log } from '../../ports.js';
import type { NomadClient } from './client.js';
import { canariesOf } from './deployments.js';
import { isMarked, isPaused } from './held.js';
import { isForbidden } from './plan.js';
import { type Deployment, jobShape, policiesShape, policyShape, schedulerShape } from './shapes.js';
import { isActive } from './workers.js';

export interface Blocks {
  of(job: string, group: string, deployment: Deployment | null): Promise<Blocked | null>;
}

/** Owners and the operator's freeze change rarely; the answer to the scale request itself tells a new freeze. */
const KEPT_MS = 30_000;

export function createBlocks(client: NomadClient, log: Log | undefined): Blocks {
  const policy = remembered((id: string) => client.find(`/v1/scaling/policy/${id}`, policyShape), 600_000);
  const said = new Set<string>();
  const unlessForbidden = async <T>(what: string, read: () => Promise<T>, otherwise: T): Promise<T> =>
    read().catch((error: unknown) => {
      if (!isForbidden(error)) throw error;
      if (!said.has(what))
        log?.warn({ peer: 'nomad' }, `the token may not read ${what}, so it is not looked at`);
      said.add(what);
      return otherwise;
    });
  const owners = remembered(
    () =>
      unlessForbidden('scaling policies', async () => {
        const enabled = (await client.get('/v1/scaling/policies', policiesShape)).filter(
          (one) => one.Enabled,
        );
        const read = enabled.map(async (one) => ({ ...one, rules: (await policy(one.ID))?.Policy ?? {} }));
        return (await Promise.all(read)).filter((one) => hasChecks(one.rules));
      }, []),
    KEPT_MS,
  );
  const scheduler = remembered(
    () =>
      unlessForbidden(
        'the scheduler configuration',
        () => client.get('/v1/operator/scheduler/configuration', schedulerShape),
        {},
      ),
    KEPT_MS,
  );

  const isHeld = async (job: string, group: string, deployment: Deployment): Promise<boolean> =>
    isPaused(deployment) && isMarked(await client.get(`/v1/job/${encodeURIComponent(job)}`, jobShape), group);

  return {
    async of(job, group, deployment) {
      const [owned, config] = await Promise.all([owners(''), scheduler('')]);
      const owner = owned.find((one) => one.Target?.Job === job && (one.Target.Group ?? group) === group);
      if (owner !== undefined) return ownedBy(owner.ID);
      const { RejectJobRegistration, PauseEvalBroker } = config.SchedulerConfig ?? {};
      if (RejectJobRegistration === true) return frozen('the scheduler configuration refuses job changes');
      if (PauseEvalBroker === true) return frozen('the scheduler configuration pauses evaluations');
      if (!isActive(deployment)) return null;
      const blocked = busy(deployment, group);
      // Muster's own: see held.ts.
      return (await isHeld(job, group, deployment))
        ? { ...blocked, kind: 'rollout', detail: 'a rollout holds it' }
        : blocked;
    },
  };
}

export function frozen(detail: string): Blocked {
  return { kind: 'frozen-by-operator', id: 'scheduler', since: null, detail };
}

/** 1.1 does not say when a deployment began. */
export function busy(deployment: Deployment, group: string): Blocked {
  const state = deployment.TaskGroups?.[group];
  const canaries = canariesOf(deployment);
  const progress =
    state === undefined
      ? ''
      : ` (${state.HealthyAllocs} of ${state.DesiredTotal} healthy, ${state.PlacedAllocs} placed)`;
  return {
    kind: 'deployment',
    id: deployment.ID,
    since: typeof deployment.CreateTime === 'number' ? Math.floor(deployment.CreateTime / 1e6) : null,
    ...(canaries === null
      ? { detail: `${deployment.StatusDescription}${progress}` }
      : { detail: canaryWords(canaries), canaries }),
  };
}

function ownedBy(id: string): Blocked {
  return {
    kind: 'owned-by-other',
    id,
    since: null,
    detail: 'its scaling policy has checks: another autoscaler owns it',
  };
}

/** nomad-autoscaler reads `check` blocks; a scaling block without them only sets bounds. */
function hasChecks(rules: Record<string, unknown>): boolean {
  return Object.entries(rules).some(
    ([key, value]) => /^checks?$/i.test(key) && Object.keys(value ?? {}).length > 0,
  );
}

function remembered<T>(read: (key: string) => Promise<T>, keepMs: number): (key: string) => Promise<T> {
  const known = new Map<string, { at: number; value: Promise<T> }>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined && Date.now() - found.at < keepMs) return found.value;
    const value = read(key);
    known.set(key, { at: Date.now(), value });
    value.catch(() => known.delete(key));
    return value;
  };
}
