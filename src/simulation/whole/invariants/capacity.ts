/** Capacity is never taken below what is needed: judged by the requests that really come and the workers that really serve. */
import type { Millis } from '../../../core/model.js';
import { presetOf } from '../../../core/presets.js';
import { workersFor } from '../../../core/sizing.js';
import type { Touch } from '../event.js';
import { touched } from '../lines.js';
import type { Truth } from '../truth.js';
import type { Invariant, Watch } from './invariant.js';

const MINUTE = 60_000;
/** So shortly before the cloud stops a VM anyway, its work leaves whatever is needed. */
const LAST_MOMENT_MS = 12 * MINUTE;

export const capacityKept: Invariant = {
  name: 'capacity-kept',
  says: 'No rollout and no maintenance takes workers away while fewer would be left than the demand of these minutes needs; a way back that found no room takes one at a time, and a node that the cloud is about to stop is emptied.',
  watch: (truth) => capacityWatch(truth),
};

function capacityWatch(truth: Truth): Watch {
  const rates = new Map<string, { at: Millis; rate: number }[]>();
  const away = new Map<string, string>();
  /** Hours of the cloud, as they stood a minute ago: whoever acts may not have heard yet that one was taken back. */
  let hours = new Map<string, Millis>();

  /** The least that any of the minutes needed of which the bot may have known. */
  const needed = (fleet: string): number => {
    const known = rates.get(fleet) ?? [];
    if (known.length === 0) return 0;
    const policy = truth.policy(fleet);
    const { serviceSeconds, serviceCv, slo } = policy;
    const quantile = presetOf(policy).latencyQuantile;
    const requestsPerSecond = Math.min(...known.map(({ rate }) => rate));
    const objectiveSeconds = slo.p95Seconds;
    return workersFor({ requestsPerSecond, serviceSeconds, serviceCv, objectiveSeconds, quantile });
  };
  return {
    minute: () => {
      hours = hoursOf(truth);
      for (const fleet of truth.fleets()) {
        const rate = truth.world.traffic.fleet(fleet).requestsPerSecond;
        const oldest = truth.now() - truth.policy(fleet).staleSeconds * 1_000 - 2 * MINUTE;
        const kept = (rates.get(fleet) ?? []).filter(({ at }) => at >= oldest);
        rates.set(fleet, rate === null ? kept : [...kept, { at: truth.now(), rate }]);
      }
      return null;
    },
    touch: (event) => {
      const { what, fleet, by, image } = event;
      const taken = takenBy(event);
      if (what === 'update' && by !== null && image !== null) {
        if (!away.has(by)) away.set(by, image);
      }
      if (taken <= 0) return null;
      const left = event.before - taken;
      const need = needed(fleet);
      if (left >= need || isForced(event, hours, truth)) return null;
      // The first image that a rollout sets is the new one; every other is the way back.
      const isBack = what === 'update' && by !== null && away.get(by) !== image;
      if (isBack && taken <= truth.policy(fleet).workersPerAllocation) return null;
      return `${touched(event)}: takes ${taken} of ${event.before}, ${need} are needed`;
    },
  };
}

/** A drain takes all that is on the node, one after the other; a removed VM takes them at once. */
function takenBy({ what, by, before, after, onNode }: Touch): number {
  switch (what) {
    case 'update':
      return before - after;
    case 'drain':
    case 'remove':
      // What a person asks a remedy for was said to take workers away.
      return by === 'remedy' ? 0 : onNode;
    default:
      return 0;
  }
}

function isForced({ node, what }: Touch, before: Map<string, Millis>, truth: Truth): boolean {
  if (what === 'update' || node === null) return false;
  const at = hoursOf(truth).get(node) ?? before.get(node);
  return at !== undefined && at - truth.now() <= LAST_MOMENT_MS;
}

/** When the cloud stops a VM, by the VM's id. */
const hoursOf = (truth: Truth): Map<string, Millis> =>
  new Map(
    truth.world.cluster.state.vms.flatMap(({ id, maintenance }) =>
      maintenance === undefined ? [] : [[id, maintenance.at] as const],
    ),
  );
