import { areWell, canaryWords } from '../foreign.js';
import type { Canaries, Millis } from '../model.js';
import { none, planned, type Remedy, type Symptoms } from './remedy.js';

/** Who deploys with canaries may want to watch them for so long. */
const WATCHED_MS = 10 * 60_000;

/** Somebody's deployment outside Muster: while it waits, the orchestrator refuses every scale. */
export const promote: Remedy = {
  name: 'promote',
  label: 'Promote the canaries',
  summary:
    'Lets a deployment whose canaries are healthy go on to all workers, which frees the zone for scaling.',
  usage: '[zone]',
  blast: 'all workers of the waiting zones, replaced as the job’s own update stanza says',
  role: 'operator',
  falls: true,
  fits(seen) {
    const [first] = waiting(seen).filter(({ canaries }) => areWell(canaries));
    return first === undefined ? null : `${canaryWords(first.canaries)} and holds ${first.zone} meanwhile`;
  },
  doubt(seen) {
    const isFresh = ({ since }: Waiting) => since === null || seen.now - since < WATCHED_MS;
    return waiting(seen).some(isFresh) ? 'whoever deploys may be watching the canaries still' : null;
  },
  plan([zone], seen) {
    if (seen.zones === null) return none('The orchestrator does not say just now what holds the fleet.');
    const all = waiting(seen).filter((one) => zone === undefined || one.zone === zone);
    const [first] = all;
    if (first === undefined) return none(`No deployment of ${zone ?? seen.fleet} waits for promotion.`);
    const well = all.filter(({ canaries }) => areWell(canaries));
    if (well.length === 0) return none(notYet(first.zone, first.canaries));
    return planned(
      well.map(({ zone: where, id }) => ({ do: 'promote', zone: where, deployment: id })),
      well.map(
        ({ zone: where, id }) =>
          `Deployment ${id.slice(0, 8)} in ${where} is promoted: its canaries are healthy, and the other workers are replaced.`,
      ),
    );
  },
};

export const notYet = (zone: string, { healthy, asked }: Canaries): string =>
  `Only ${healthy} of ${asked} canaries in ${zone} are healthy: nothing is promoted before all of them are.`;

interface Waiting {
  zone: string;
  id: string;
  since: Millis | null;
  canaries: Canaries;
}

const waiting = ({ zones }: Symptoms): Waiting[] =>
  (zones ?? []).flatMap(({ zone, blocked }) =>
    blocked?.canaries === undefined ? [] : [{ ...blocked, zone, canaries: blocked.canaries }],
  );
