import { none, planned, type Remedy } from './remedy.js';

/** A rollout that ended this long before the alert may be its cause. */
const SUSPECT_MS = 60 * 60_000;

export const rollBack: Remedy = {
  name: 'roll-back',
  label: 'Roll back the last rollout',
  summary: 'Goes back to the image that was healthy before the last rollout.',
  usage: '',
  blast: 'the whole fleet, one node after the other',
  role: 'operator',
  falls: true,
  fits({ rollout, alertSince }) {
    if (rollout === null || alertSince === null || alertSince < rollout.at) return null;
    const over = rollout.ended ?? alertSince;
    if (!rollout.open && alertSince - over > SUSPECT_MS) return null;
    return `it became slow after ${rollout.image} was rolled out`;
  },
  plan(_words, { rollout, fleet }) {
    if (rollout === null) return none(`No rollout of ${fleet} is known.`);
    return planned(
      [{ do: 'say', text: `deploy rollback ${fleet}` }],
      [`${fleet} goes back from ${rollout.image} to the image that was healthy before it.`],
    );
  },
};
