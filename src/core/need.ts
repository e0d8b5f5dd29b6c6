/** How many workers a rate needs, under the policy's objective in and outside its hours, and what a backlog adds. */
import { type Capacity, servedWithin } from './capacity.js';
import type { Millis, Sample, Seen } from './model.js';
import type { Policy } from './policy.js';
import { presetOf } from './presets.js';
import { hoursTouch } from './schedule.js';
import { workersFor } from './sizing.js';

/** Outside the hours a backlog must only not grow: this share of the capacity may be used. */
const OFF_HOURS_UTILISATION = 0.9;
/** A backlog matters once waiting for it takes this share of the objective. */
const THREAT = 0.5;

/** Mean service time, seconds: measured where a source gives it, else configured. */
export function serviceSeconds(seen: Pick<Seen, 'sample'>, policy: Policy): number {
  const measured = seen.sample?.serviceSeconds;
  return measured != null && measured > 0 ? measured : policy.serviceSeconds;
}

/** True when the latency objective holds at some time in [from, to]. */
export const objectiveHolds = (policy: Policy, from: Millis, to: Millis): boolean =>
  policy.slo.offHours === 'same' || hoursTouch(policy.slo.hours, from, to);

/** Workers for a rate, zones' loss tolerance not included. */
export function workersForRate(
  rate: number,
  seen: Pick<Seen, 'sample'>,
  policy: Policy,
  inHours: boolean,
): number {
  const service = serviceSeconds(seen, policy);
  if (!inHours) return Math.ceil((rate * service) / OFF_HOURS_UTILISATION - 1e-9);
  return workersFor({
    requestsPerSecond: rate,
    serviceSeconds: service,
    serviceCv: policy.serviceCv,
    objectiveSeconds: policy.slo.p95Seconds,
    quantile: presetOf(policy).latencyQuantile,
  });
}

/**
 * Extra workers that clear the backlog in time: what will still wait after the start-up lead, divided over the preset's
 * drain time. 0 while the backlog does not threaten the objective.
 */
export function drainWorkers(
  sample: Sample,
  rate: number,
  capacity: Capacity,
  seen: Seen,
  policy: Policy,
): number {
  const service = serviceSeconds(seen, policy);
  const backlog = sample.backlog;
  if (backlog === null || backlog <= 0) return 0;
  const wait = (backlog * service) / Math.max(1, capacity.ready);
  const old = sample.oldestAgeSeconds ?? 0;
  const patience = Math.max(policy.slo.p95Seconds - service, policy.slo.p95Seconds * 0.2);
  if (Math.max(wait, old) < THREAT * patience) return 0;
  const leadMs = policy.startupSeconds * 1_000;
  const left = backlog + (rate * leadMs) / 1_000 - servedWithin(capacity, leadMs, 1 / service);
  if (left <= 0) return 0;
  return Math.ceil((left * service) / presetOf(policy).drainSeconds);
}

/** Total with which each zone's loss leaves enough in the others. */
export function withZoneLoss(need: number, zonesUp: number, zones: number): number {
  if (zones < 2 || zonesUp < zones) return need;
  return zones * Math.ceil(need / (zones - 1));
}
