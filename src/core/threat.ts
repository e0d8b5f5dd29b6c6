/**
 * The minute-by-minute watch between cycles. It may only raise: it projects the demand of the last minutes over the
 * start-up lead and compares with what was asked for (workers still starting count, so it does not ask twice), and it
 * looks for a backlog, an age, a latency or a saturation that threatens the objective.
 */
import { capacityOf } from './capacity.js';
import { nearForecast } from './forecast/near.js';
import type { Sample, Seen } from './model.js';
import { drainWorkers, objectiveHolds, workersForRate } from './need.js';
import { type Policy, staleMs } from './policy.js';
import { quantiles } from './presets.js';
import type { Reason } from './reasons.js';

export type GuardCause = Extract<Reason, { code: 'guard-raise' }>['cause'];

export interface GuardNeed {
  need: number;
  cause: GuardCause;
  /** The rate expected when a worker that is asked for now will serve. */
  projected: number | null;
  drain: number;
}

const HIGH_SATURATION = 0.92;
export const GOOD_SATURATION = 0.8;
/** Late responses without any lack of workers in sight are not cured by many more: raise by this share. */
const LATENCY_RAISE = 0.15;

/** What the guard would ask for over `planned` workers; null when nothing threatens or the newest minute is unknown. */
export function guardNeed(seen: Seen, policy: Policy, planned: number): GuardNeed | null {
  const sample = freshSample(seen, policy);
  if (sample === null) return null;
  const leadEnd = seen.now + policy.startupSeconds * 1_000;
  const inHours = objectiveHolds(policy, seen.now, leadEnd + 60_000);
  const capacity = capacityOf(seen, policy);
  const rate = sample.requestsPerSecond;
  // While the newest minute is unknown, nothing is foreseen.
  const { near, guard, room } = quantiles(policy);
  const state = seen.memory.forecast.near;
  const foreseen = rate === null ? null : nearForecast(state, seen.now, guard);
  const projected = foreseen?.high ?? null;
  const wanted = rate === null ? null : (nearForecast(state, seen.now, near, room)?.high ?? null);

  const causes: GuardNeed[] = [];
  const drain = rate === null ? 0 : drainWorkers(sample, foreseen?.expected ?? rate, capacity, seen, policy);
  if (projected !== null && wanted !== null && workersForRate(projected, seen, policy, inHours) > planned) {
    const need = workersForRate(Math.max(projected, wanted), seen, policy, inHours);
    causes.push({ need: need + (inHours ? drain : 0), cause: 'demand', projected, drain });
  }
  if (inHours && drain > 0 && rate !== null) {
    const cause = (sample.oldestAgeSeconds ?? 0) > policy.slo.p95Seconds ? 'age' : 'backlog';
    const base = workersForRate(foreseen?.expected ?? rate, seen, policy, inHours);
    causes.push({ need: base + drain, cause, projected, drain });
  }
  // Late although the counts look right: the service may have become slower than was believed.
  if (inHours && drain === 0 && capacity.arriving.length === 0 && lateWithoutQueue(seen, sample, policy)) {
    causes.push({
      need: Math.ceil(planned * (1 + LATENCY_RAISE)),
      cause: 'latency',
      projected,
      drain,
    });
  }
  if (sample.saturation != null && sample.saturation > HIGH_SATURATION && capacity.arriving.length === 0) {
    causes.push({
      need: saturationNeed(sample.saturation, capacity.ready),
      cause: 'saturation',
      projected,
      drain,
    });
  }
  const raising = causes.filter((one) => one.need > planned);
  if (raising.length === 0) return null;
  return raising.reduce((most, one) => (one.need > most.need ? one : most));
}

/** Workers that bring the saturation back to a good value. */
export const saturationNeed = (saturation: number, ready: number): number =>
  Math.ceil((ready * saturation) / GOOD_SATURATION - 1e-9);

export function freshSample(seen: Seen, policy: Policy): Sample | null {
  const sample = seen.sample;
  return sample !== null && seen.now - sample.at <= staleMs(policy, seen.speed ?? 0) ? sample : null;
}

/** The newest minutes, the sample's own included, oldest first. */
export function newestMinutes(seen: Seen, sample: Sample): Sample[] {
  const recent = seen.memory.recent;
  const last = recent.at(-1);
  if (last === undefined || last.at < sample.at) return [...recent, sample];
  // The minute was dark when it was kept, and is not any more.
  const wasDark = last.requestsPerSecond === null && sample.requestsPerSecond !== null;
  return wasDark && last.at === sample.at ? [...recent.slice(0, -1), sample] : recent;
}

/** Three late minutes in a row that no queue explains. */
function lateWithoutQueue(seen: Seen, sample: Sample, policy: Policy): boolean {
  const newest = newestMinutes(seen, sample).slice(-3);
  const objective = policy.slo.p95Seconds;
  return (
    newest.length === 3 &&
    newest.every((one) => (one.p95Seconds ?? 0) > objective && (one.oldestAgeSeconds ?? 0) < objective / 2)
  );
}
