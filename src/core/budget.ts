/** The largest count that the budget pays for. */
import type { ZoneSeen } from './model.js';
import { costPerHour, place } from './placement.js';
import type { Policy } from './policy.js';

/** At most `count`; 0 when not even one node can be paid. Whole nodes are paid for in each zone. */
export function affordable(count: number, zones: ZoneSeen[], policy: Policy): number {
  const budget = policy.budgetPerHour;
  if (budget === null || policy.nodePricePerHour === 0) return count;
  const fits = (workers: number): boolean => costPerHour(place(workers, zones, policy), policy) <= budget;
  if (fits(count)) return count;
  let low = 0;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
