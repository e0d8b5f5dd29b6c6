/** The limits that are computed: what a placement costs, and how low a count may be forced. */
import { type DecisionRecord, origin } from '../../../core/model.js';
import type { Policy } from '../../../core/policy.js';
import { openAt, type Truth } from '../truth.js';

export const costOf = (placement: { workers: number }[], policy: Policy): number =>
  placement.reduce((sum, { workers }) => sum + Math.ceil(workers / policy.slotsPerNode), 0) *
  policy.nodePricePerHour;

/** Limits that may cut faster than the step and in the dark: a person's word, the ceiling, the budget. */
export function lowestForced(record: DecisionRecord, truth: Truth): number {
  const policy = truth.policy(record.fleet);
  const from = origin(record.decision);
  const open = openAt(truth.overrides(record.fleet), record.at, truth.order() - 1);
  const people = open.filter(({ kind }) => kind !== 'floor').map(({ workers }) => workers);
  const paid =
    policy.budgetPerHour === null ? Infinity : mostPaid(policy, upZones(record), policy.budgetPerHour);
  return Math.min(from, policy.ceiling, paid, ...people);
}

const upZones = (record: DecisionRecord): number =>
  Math.max(1, record.seen.zones?.filter(({ up }) => up).length ?? 1);

/** The largest count, evenly over so many zones, that the budget pays for. */
function mostPaid(policy: Policy, zones: number, budgetPerHour: number): number {
  for (let workers = policy.ceiling; workers > 0; workers -= 1) {
    const each = Array.from({ length: zones }, (_, zone) => ({
      workers: Math.floor((workers + zone) / zones),
    }));
    if (costOf(each, policy) <= budgetPerHour) return workers;
  }
  return 0;
}
