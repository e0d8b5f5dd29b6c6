/** What reaches the cluster: only what a stored decision asks for, once, and by one writer. */
import { touched } from '../lines.js';
import type { Truth } from '../truth.js';
import type { Invariant, Of } from './invariant.js';
import { acted, placedIn } from './words.js';

export const decisionBeforeAct: Invariant = {
  name: 'decision-before-act',
  says: 'Whatever reaches the cluster names a decision that was stored before, for this fleet, to be carried out.',
  watch: (truth) => ({
    act: (event) => {
      const known = truth.decision(event.decisionId);
      if (known === null) return `${acted(event)} names a decision that nobody stored`;
      if (known.value.fleet !== event.fleet) return `${acted(event)} names a decision of another fleet`;
      return known.value.status === 'planned'
        ? null
        : `${acted(event)} names one that was ${known.value.status}`;
    },
  }),
};

export const absolute: Invariant = {
  name: 'absolute',
  says: 'A scale asks for the count its decision placed in the zone or, where that does not fit, for less; the count never passes it. What was never placed may be given back first.',
  watch: (truth) => ({ act: (event) => notAbsolute(event, truth) }),
};

export const once: Invariant = {
  name: 'once',
  says: 'A decision changes a zone to the same count at most once, unless somebody else changed it meanwhile.',
  watch: () => {
    const done = new Set<string>();
    const starts = (event: { fleet: string; zone: string }): string => `${event.fleet}/${event.zone}/`;
    return {
      foreign: (event) => {
        for (const key of done) if (key.startsWith(starts(event))) done.delete(key);
        return null;
      },
      act: (event) => {
        if (event.what !== 'scale' || event.before === event.after) return null;
        const key = `${starts(event)}${event.decisionId}/${event.after}`;
        if (givesBack(event)) for (const old of done) if (old.startsWith(starts(event))) done.delete(old);
        if (done.has(key)) return `${acted(event)} a second time`;
        done.add(key);
        return null;
      },
    };
  },
};

export const newestDecision: Invariant = {
  name: 'newest-decision',
  says: 'A run carries out the newest decision that it could know of.',
  watch: (truth) => ({
    act: (event) => {
      const newest = truth.latestChange(event.fleet);
      if (newest === null || newest.since > event.run.intentRead) return null;
      return newest.value.id === event.decisionId
        ? null
        : `${acted(event)} while ${newest.value.id} was known to be newer`;
    },
  }),
};

export const oneWriter: Invariant = {
  name: 'one-writer',
  says: 'A run acts only while it can rely on the fleet’s lease.',
  watch: (truth) => {
    const fences = new Map<string, number>();
    const alone = (event: Of<'act'> | Of<'touch'>, told: string): string | null => {
      const { lease, issuedAt } = event.run;
      if (lease === null) return `${told} without a lease`;
      const newest = fences.get(event.fleet) ?? 0;
      const late = truth.now() - issuedAt;
      return lease.until < issuedAt && newest > lease.fence
        ? `${told} with lease ${lease.fence}, which had ended ${(issuedAt - lease.until) / 1_000} s before (${newest} is out, ${late / 1_000} s under way)`
        : null;
    };
    return {
      lease: ({ fleet, fence }) => {
        fences.set(fleet, fence);
        return null;
      },
      act: (event) => alone(event, acted(event)),
      touch: (event) => alone(event, touched(event)),
    };
  },
};

/** A cut to what is really there: it stops nothing, and lets the rest be asked for anew. */
const givesBack = (event: Of<'act'>): boolean =>
  event.what === 'scale' && event.asked < event.before && event.asked >= (event.there ?? event.before);

function notAbsolute(event: Of<'act'>, truth: Truth): string | null {
  if (event.what !== 'scale') return null;
  const per = truth.policy(event.fleet).workersPerAllocation;
  const placed = Math.ceil(placedIn(truth.decision(event.decisionId)?.value, event.zone) / per) * per;
  const { before, after, asked } = event;
  const within = after >= Math.min(before, asked) && after <= Math.max(before, Math.ceil(asked / per) * per);
  if (!within) return `${acted(event)} passed what it asked for`;
  if (givesBack(event)) return null;
  return asked === placed || (asked < placed && asked > before)
    ? null
    : `${acted(event)}, but the decision placed ${placed} there`;
}
