/** One lock for all that touches a fleet, and an end of every maintenance and remedy. */

import { isMaintenanceMark } from '../../../core/maintenance/state.js';
import type { Millis } from '../../../core/model.js';
import type { Truth } from '../truth.js';
import type { Invariant } from './invariant.js';

export const oneLockHolder: Invariant = {
  name: 'one-lock-holder',
  says: 'A fleet’s lease is granted only when nobody else can rely on it.',
  watch: (truth) => {
    const held = new Map<string, { fence: number; until: Millis }>();
    return {
      lease: ({ fleet, fence, until }) => {
        const before = held.get(fleet);
        held.set(fleet, { fence, until });
        if (before === undefined || before.fence === fence || before.until <= truth.now()) return null;
        return `${fleet}: lease ${fence} while ${before.fence} held for ${(before.until - truth.now()) / 1_000} s more`;
      },
      released: ({ fleet, fence }) => {
        if (held.get(fleet)?.fence === fence) held.delete(fleet);
        return null;
      },
    };
  },
};

export const maintenancesEnd: Invariant = {
  name: 'maintenances-end',
  says: 'After the faults every maintenance and remedy is over, and every node takes work again, was replaced, or leaves because nobody needs it.',
  watch: (truth) => ({
    quiet: ({ open }) => {
      const wrong = open
        .filter(({ what }) => what !== 'rollout')
        .map(({ what, id, phase }) => `${what} ${id} is still in ${phase}`);
      wrong.push(...fenced(truth).map((name) => `${name} takes no work`));
      return wrong.length === 0 ? null : wrong.join('; ');
    },
  }),
};

/** Nodes that are up and take no work, and that no decision emptied. */
const fenced = (truth: Truth): string[] =>
  truth.world.cluster.state.vms
    .filter(({ state, eligible, lastDrain }) => {
      if (state !== 'ready' || eligible) return false;
      const mark = lastDrain?.meta?.muster_decision;
      return mark === undefined || mark === 'remedy' || isMaintenanceMark(mark);
    })
    .map(({ name }) => name);
