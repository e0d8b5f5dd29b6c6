import { badWords } from '../foreign.js';
import type { BadVersion } from '../model.js';
import { none, planned, type Remedy, type RemedyStep, type Symptoms } from './remedy.js';

/** A rollout that ended this long before the alert may be its cause. */
const SUSPECT_MS = 60 * 60_000;

/** Of what Muster rolled out, and of what somebody else deployed: whoever did it, people want back what was healthy. */
export const rollBack: Remedy = {
  name: 'roll-back',
  label: 'Roll back',
  summary:
    'Goes back to what was healthy before Muster’s last rollout, or before somebody else’s version that does not get healthy; or to the version you name.',
  usage: '[zone:version,…]',
  blast: 'the whole fleet after a rollout, else the zones with that version; counts stay',
  role: 'operator',
  falls: true,
  fits(seen) {
    const [first] = badIn(seen);
    if (first !== undefined) return `${badWords(first)} in ${first.zone}`;
    const { rollout, alertSince } = seen;
    if (rollout === null || !rollout.canGoBack) return null;
    if (alertSince === null || alertSince < rollout.at) return null;
    const over = rollout.ended ?? alertSince;
    if (!rollout.open && alertSince - over > SUSPECT_MS) return null;
    return `it became slow after ${rollout.image} was rolled out`;
  },
  aim(seen) {
    const all = badIn(seen).map(({ zone, before }) => `${zone}:${before.version}`);
    return all.length === 0 ? [] : [all.join(',')];
  },
  plan([said], seen) {
    const { fleet, rollout } = seen;
    if (said !== undefined) return asSaid(said, seen);
    const bad = badIn(seen);
    if (bad.length > 0)
      return going(
        bad.map(({ zone, version, before }) => ({ do: 'revert', zone, from: version, to: before.version })),
        seen,
      );
    if (rollout === null)
      return none(
        `No rollout of ${fleet} is known, and no version of its jobs is known to be bad: name a zone and a version, as in ${seen.zones?.[0]?.zone ?? 'a'}:3.`,
      );
    if (!rollout.canGoBack)
      return none(
        `There is nothing to roll back: the rollout of ${rollout.image} was taken back already, is on its way back, or changed nothing.`,
      );
    return planned(
      [{ do: 'say', text: `deploy rollback ${fleet}` }],
      [`${fleet} goes back from ${rollout.image} to the image that was healthy before it.`],
    );
  },
};

type Revert = Extract<RemedyStep, { do: 'revert' }>;

function asSaid(said: string, seen: Symptoms) {
  const { fleet, rollout, zones } = seen;
  if (rollout?.open === true)
    return none(`A rollout is under way: deploy rollback ${fleet} takes the fleet back.`);
  if (zones === null) return none('The orchestrator does not say just now which zones there are.');
  const steps: Revert[] = [];
  for (const one of said.split(',')) {
    const [, where, version] = /^(.+):(\d{1,9})$/.exec(one) ?? [];
    const zone = zones.find((each) => each.zone === where);
    if (zone === undefined)
      return none(
        `“${one.slice(0, 60)}” is no zone and version of ${fleet}: say ${zones.map((each) => `${each.zone}:3`).join(' or ')}.`,
      );
    const from = zone.bad?.version ?? null;
    steps.push({ do: 'revert', zone: zone.zone, from, to: Number(version) });
  }
  return going(steps, seen);
}

const going = (steps: Revert[], { zones }: Symptoms) =>
  planned(
    steps,
    steps.map(({ zone, to }) => {
      const bad = zones?.find((one) => one.zone === zone)?.bad;
      const image = bad?.before.version === to && bad.before.image !== null ? ` (${bad.before.image})` : '';
      return `The job of ${zone} goes back to what its version ${to} ran${image}; its count stays.`;
    }),
  );

/** While a rollout is under way it has the say. */
const badIn = ({ zones, rollout }: Symptoms): (BadVersion & { zone: string })[] =>
  rollout?.open === true
    ? []
    : (zones ?? []).flatMap(({ zone, bad }) => (bad === undefined ? [] : [{ ...bad, zone }]));
