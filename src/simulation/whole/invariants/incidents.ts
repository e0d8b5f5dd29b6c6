/** Incidents, as PagerDuty has them: whoever ended them, none is left that is not true any more. */

import type { Millis } from '../../../core/model.js';
import { aboutKey } from '../../../core/paged.js';
import { cycleMs } from '../../../core/policy.js';
import type { Truth } from '../truth.js';
import type { Invariant, Watch } from './invariant.js';

const MINUTE = 60_000;
/** Latency must have been good for ten minutes; one more for the job itself, and some for the last of them to be told. */
const GOOD_MS = 15 * MINUTE;

export const incidentsEnd: Invariant = {
  name: 'incidents-end',
  says: 'Every incident that was triggered is resolved in the end, or what it says is still so.',
  watch: (truth) => incidentWatch(truth),
};

function incidentWatch(truth: Truth): Watch {
  const slowAt = new Map<string, Millis>();
  let asked = false;
  const isTrue = (key: string, lastCycles: Map<string, Millis | null>, nodes: string[]): boolean => {
    const about = aboutKey(key);
    if (about === null) return false;
    const { fleet, what, id } = about;
    if (what === 'latency') return truth.now() - (slowAt.get(fleet) ?? -Infinity) < GOOD_MS;
    if (what === 'decisions')
      return truth.now() - (lastCycles.get(fleet) ?? 0) > 3 * cycleMs(truth.policy(fleet));
    return what === 'maintenance' && nodes.includes(id ?? '');
  };
  return {
    machine: () => {
      asked = true;
      return null;
    },
    minute: () => {
      // Costly, and plain days know no incidents but by events.
      if (!asked) return null;
      for (const fleet of truth.fleets()) {
        const { p95Seconds } = truth.world.traffic.window(fleet, 60);
        const { oldestAgeSeconds } = truth.world.traffic.fleet(fleet);
        const worst = Math.max(p95Seconds ?? 0, oldestAgeSeconds);
        if (worst > truth.policy(fleet).slo.p95Seconds) slowAt.set(fleet, truth.now());
      }
      return null;
    },
    quiet: ({ incidents, fleets, open }) => {
      const lastCycles = new Map(fleets.map(({ name, lastCycle }) => [name, lastCycle]));
      const nodes = open.filter(({ what }) => what === 'maintenance').map(({ id }) => id);
      const left = (incidents ?? []).filter((key) => !isTrue(key, lastCycles, nodes));
      return left.length === 0 ? null : `${left.join(', ')} stayed open`;
    },
  };
}
