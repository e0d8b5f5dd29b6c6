import type { Symptoms } from './remedy.js';
import { none, planned, type Remedy } from './remedy.js';

/** A quarter more, one at the least. */
const SHARE = 0.25;

/** More workers for an hour, whatever the forecast says: for load that it does not see. */
export const raiseFloor: Remedy = {
  name: 'raise-floor',
  label: 'Raise the floor 1 h',
  summary: 'Keeps the fleet at least a quarter larger than now, or at the count you name, for an hour.',
  usage: '[workers]',
  blast: 'one fleet upwards, within its ceiling and budget, for an hour',
  role: 'operator',
  falls: false,
  fits(seen) {
    if (seen.alertSince === null || seen.override !== null) return null;
    const to = raised(seen);
    const starting = (seen.zones ?? []).some((zone) => zone.starting > 0);
    if (to === null || starting || seen.desired === null || to <= seen.desired) return null;
    return `it is too slow and no worker is on the way: ${seen.desired} are asked for`;
  },
  plan([count], seen) {
    const to = count === undefined ? raised(seen) : Number(count);
    if (to === null) return none(`Nobody says just now how many workers ${seen.fleet} has: name a count.`);
    if (!Number.isInteger(to) || to < 1)
      return none(`“${String(count).slice(0, 20)}” is not a count of workers.`);
    if (to > seen.ceiling)
      return none(`${to} workers are above the ceiling of ${seen.fleet}, ${seen.ceiling}.`);
    if (seen.override !== null) {
      return none(`${seen.fleet} has an override by ${seen.override.by.name} already; status shows it.`);
    }
    return planned(
      [{ do: 'say', text: `override ${seen.fleet} floor ${to} for 1h because remedy raise-floor` }],
      [`${seen.fleet} is kept at ${to} workers at least for an hour.`],
    );
  },
};

function raised({ desired, ceiling }: Symptoms): number | null {
  return desired === null ? null : Math.min(ceiling, desired + Math.max(1, Math.ceil(desired * SHARE)));
}
