/** What a decision may do while a number it needs is unknown. */
import { type Millis, target } from '../../../core/model.js';
import type { Truth } from '../truth.js';
import type { Invariant, Watch } from './invariant.js';
import { lowestForced } from './limits.js';
import { isCut, told } from './words.js';

const MINUTE = 60_000;

export const noCutInTheDark: Invariant = {
  name: 'no-cut-in-the-dark',
  says: 'While demand or latency is stale or unknown, nothing is cut but to a person’s count, the ceiling or the budget.',
  watch: (truth) => darkWatch(truth),
};

/** A number counts as known while what it says is not older than the policy allows, and a minute for the job itself. */
function darkWatch(truth: Truth): Watch {
  const lit = new Map<string, Millis>();
  return {
    reading: ({ fleet, what, of }) => {
      if (of !== null) lit.set(`${fleet} ${what}`, of);
      return null;
    },
    decision: ({ record }) => {
      if (!isCut(record)) return null;
      const policy = truth.policy(record.fleet);
      const patience = policy.staleSeconds * 1_000 + MINUTE;
      const dark = ['demand', 'latency'].find((what) => {
        const last = lit.get(`${record.fleet} ${what}`) ?? -Infinity;
        return record.at - last > patience;
      });
      if (dark === undefined || target(record.decision) >= lowestForced(record, truth)) return null;
      const last = lit.get(`${record.fleet} ${dark}`);
      const ago = last === undefined ? 'for ever' : `for ${Math.round((record.at - last) / 1_000)} s`;
      return `${told(record)}, the ${dark} was dark ${ago}`;
    },
  };
}
