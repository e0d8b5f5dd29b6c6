/** One decision a cycle, never two cycles without. */
import type { Millis } from '../../../core/model.js';
import { cycleMs, cycleStart } from '../../../core/policy.js';
import type { Truth } from '../truth.js';
import type { Invariant, Watch } from './invariant.js';
import { told } from './words.js';

const MINUTE = 60_000;
/** How long after a cycle's start it may still be decided: the queue's repeats and the minute's second asking. */
export const GRACE_MS = 5 * MINUTE;

export const oneDecisionACycle: Invariant = {
  name: 'one-decision-a-cycle',
  says: 'A fleet has at most one decision of a cycle.',
  watch: (truth) => {
    const decided = new Set<string>();
    return {
      decision: ({ record }) => {
        if (record.trigger !== 'cycle') return null;
        const key = `${record.fleet} ${cycleStart(record.cycle, truth.policy(record.fleet))}`;
        if (decided.has(key)) return `${told(record)} is the second of its cycle`;
        decided.add(key);
        return null;
      },
    };
  },
};

export const noTwoCyclesWithout: Invariant = {
  name: 'no-two-cycles-without',
  says: 'Never two cycles go by without a decision while the store can be used.',
  watch: (truth) => gapWatch(truth),
};

function gapWatch(truth: Truth): Watch {
  const last = new Map<string, Millis>();
  return {
    decision: ({ record }) => {
      if (record.trigger === 'cycle') last.set(record.fleet, record.at);
      return null;
    },
    minute: () => {
      for (const fleet of truth.fleets()) {
        const since = Math.max(last.get(fleet) ?? truth.start, truth.storeHealthySince());
        const gap = truth.now() - since;
        if (gap > 2 * cycleMs(truth.policy(fleet)) + GRACE_MS)
          return `${fleet}: no decision for ${Math.round(gap / MINUTE)} minutes`;
      }
      return null;
    },
  };
}
