import { needsPromotion } from '../foreign.js';
import type { Symptoms } from './remedy.js';
import { none, planned, type Remedy } from './remedy.js';

/** A deployment that goes nowhere holds its job: the orchestrator refuses every scale until it is over. */
const STUCK_MS = 10 * 60_000;

export const unwedge: Remedy = {
  name: 'unwedge',
  label: 'Fail the stuck deployment',
  summary: 'Fails a deployment that holds a zone, so that the zone can be scaled again.',
  usage: '[zone]',
  blast: 'the deployments of the blocked zones; running workers stay',
  role: 'operator',
  falls: false,
  fits(seen) {
    const [stuck] = held(seen).filter(
      ({ since, hasOwnWay }) => !hasOwnWay && since !== null && seen.now - since >= STUCK_MS,
    );
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
    const blocked = held(seen).filter((one) => zone === undefined || one.zone === zone);
    if (blocked.length === 0) return none(`No deployment holds ${zone ?? seen.fleet} now.`);
    return planned(
      blocked.map(({ zone: where, id }) => ({ do: 'fail-deployment', zone: where, deployment: id })),
      blocked.map(
        ({ zone: where, id }) => `Deployment ${id.slice(0, 8)}, which holds ${where}, is marked as failed.`,
      ),
    );
  },
};

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
