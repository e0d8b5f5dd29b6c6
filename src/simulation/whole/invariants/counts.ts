/** How many workers a decision may ask for: the ceiling, the budget, the floor and the step. */
import { type DecisionRecord, origin, target } from '../../../core/model.js';
import { moved, standing, total } from '../../../core/placement.js';
import { openAt, type Truth } from '../truth.js';
import type { Invariant } from './invariant.js';
import { costOf, lowestForced } from './limits.js';
import { isCut, isRaise, told } from './words.js';

export const ceiling: Invariant = {
  name: 'ceiling',
  says: 'No decision raises a fleet beyond its ceiling.',
  watch: (truth) => ({
    decision: ({ record }) => {
      const { ceiling } = truth.policy(record.fleet);
      const to = target(record.decision);
      return isRaise(record) && to > ceiling ? `${told(record)}, the ceiling is ${ceiling}` : null;
    },
  }),
};

export const budget: Invariant = {
  name: 'budget',
  says: 'No decision raises a fleet beyond its budget per hour.',
  watch: (truth) => ({
    decision: ({ record }) => {
      const policy = truth.policy(record.fleet);
      if (!isRaise(record) || policy.budgetPerHour === null) return null;
      const cost = costOf(record.decision.placement, policy);
      return cost > policy.budgetPerHour
        ? `${told(record)} costs ${cost} an hour, the budget is ${policy.budgetPerHour}`
        : null;
    },
  }),
};

export const floor: Invariant = {
  name: 'floor',
  says: 'No decision cuts a fleet below its floor, but for its budget.',
  watch: (truth) => ({
    decision: ({ record }) => {
      const { floor, budgetPerHour } = truth.policy(record.fleet);
      const to = target(record.decision);
      return isCut(record) && to < floor && budgetPerHour === null
        ? `${told(record)}, the floor is ${floor}`
        : null;
    },
  }),
};

export const step: Invariant = {
  name: 'step',
  says: 'No decision changes a fleet by more than its step, but for a pin, the ceiling or the budget.',
  watch: (truth) => ({ decision: ({ record }) => beyondStep(record, truth) }),
};

export const guardOnlyRaises: Invariant = {
  name: 'guard-only-raises',
  says: 'Between cycles the guard never cuts.',
  watch: () => ({
    decision: ({ record }) => (record.trigger === 'guard' && isCut(record) ? told(record) : null),
  }),
};

export const zonesEven: Invariant = {
  name: 'zones-even',
  says: 'A change of what stands places at most one allocation more in one zone than in another, as long as both are up.',
  watch: (truth) => ({
    decision: ({ record }) => {
      const { decision, seen } = record;
      if (decision.kind === 'hold' || seen.zones === null || seen.zones.some(({ up }) => !up)) return null;
      // A change that never reached the cluster is taken back: what stands stays, as a rollout or an outage left it.
      const stands = standing(seen.zones);
      if (total(stands) === total(decision.placement) && moved(stands, decision.placement) === 0) return null;
      const counts = decision.placement.map(({ workers }) => workers);
      const apart = Math.max(...counts) - Math.min(...counts);
      return apart > truth.policy(record.fleet).workersPerAllocation
        ? `${told(record)} places ${counts.join(' and ')}`
        : null;
    },
  }),
};

function beyondStep(record: DecisionRecord, truth: Truth): string | null {
  const { stepUp, stepDown, workersPerAllocation, floor } = truth.policy(record.fleet);
  const from = origin(record.decision);
  const to = target(record.decision);
  const open = openAt(truth.overrides(record.fleet), record.at, truth.order() - 1);
  if (open.some(({ kind }) => kind === 'pin')) return null;
  // Whole allocations may round a step up by less than one of them.
  const round = workersPerAllocation - 1;
  const most = (step: number): number => Math.max(step, workersPerAllocation) + round;
  if (isRaise(record) && stepUp !== null && to - from > most(stepUp))
    return `${told(record)}, the step is ${stepUp}`;
  const { ceiling } = truth.policy(record.fleet);
  const paid = lowestForced(record, truth);
  if (isCut(record) && stepDown !== null && from - to > most(stepDown) && to !== ceiling && to > paid)
    return `${told(record)}, the step is ${stepDown}, the floor ${floor}`;
  return null;
}
