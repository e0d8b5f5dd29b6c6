import { needsPromotion } from '../foreign.js';
import type { Symptoms } from './remedy.js';
import { none, planned, type Remedy } from './remedy.js';

/** A deployment that goes nowhere holds its job: the orchestrator refuses every scale until it is over. */
const STUCK_MS = 10 * 60_000;

export const unwedge: Remedy = {
  name: 'unwedge',
  label: 'Fail the stuck deployment',
  summary:
    'Fails a deployment that is stuck and holds a zone, or any in the zone you name, so that it can be scaled again.',
  usage: '[zone]',
  blast: 'the stuck deployments, or the one of the zone you name; running workers stay',
  role: 'operator',
  falls: false,
  fits(seen) {
    const [stuck] = stuckIn(seen);
    if (stuck === undefined || seen.rollout?.open === true) return null;
    const minutes = Math.round((seen.now - (stuck.since ?? seen.now)) / 60_000);
    return `a deployment has held ${stuck.zone} for ${minutes} minutes, so it cannot be scaled`;
  },
  plan([zone], seen) {
    if (seen.zones === null) return none('The orchestrator does not say just now what holds the fleet.');
    if (seen.rollout?.open === true) {
      return none(
        `A rollout is under way, and the deployment may be its own: deploy abort ${seen.fleet} ends it.`,
      );
    }
    const all = held(seen);
    const blocked = zone === undefined ? stuckIn(seen) : all.filter((one) => one.zone === zone);
    if (blocked.length === 0) return none(whyNone(seen.fleet, zone, all));
    return planned(
      blocked.map(({ zone: where, id }) => ({ do: 'fail-deployment', zone: where, deployment: id })),
      blocked.map(
        ({ zone: where, id }) => `Deployment ${id.slice(0, 8)}, which holds ${where}, is marked as failed.`,
      ),
    );
  },
};

/** Somebody may be at work on any other one: it is failed when its zone is named, and never with a stuck one. */
const stuckIn = (seen: Symptoms) =>
  held(seen).filter(({ since, hasOwnWay }) => !hasOwnWay && since !== null && seen.now - since >= STUCK_MS);

function whyNone(fleet: string, zone: string | undefined, [first]: { zone: string }[]): string {
  if (zone !== undefined || first === undefined) return `No deployment holds ${zone ?? fleet} now.`;
  return `The deployment that holds ${first.zone} does not look stuck: it is younger than ten minutes or waits for somebody. To fail it all the same name its zone: remedy ${fleet} unwedge ${first.zone}.`;
}

const held = ({ zones }: Symptoms) =>
  (zones ?? []).flatMap(({ zone, blocked, bad }) =>
    blocked?.kind === 'deployment'
      ? [
          {
            ...{ zone, id: blocked.id, since: blocked.since },
            // It is not stuck: somebody is to say that it may go on, or that it goes back.
            hasOwnWay: bad !== undefined || needsPromotion(blocked),
          },
        ]
      : [],
  );
