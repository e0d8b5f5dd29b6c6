import { none, planned, type Remedy } from './remedy.js';

/** While people look for the cause nothing is taken away. */
export const holdCuts: Remedy = {
  name: 'freeze-down',
  label: 'Freeze scale-down 1 h',
  summary: 'Takes no worker away for an hour; raises go on.',
  usage: '',
  blast: 'one fleet: it may cost more for an hour',
  role: 'operator',
  falls: false,
  fits({ alertSince, freezes, heldBelow }) {
    return alertSince !== null && freezes.length === 0 && heldBelow === null
      ? 'it is too slow, and a cut would make it slower'
      : null;
  },
  plan(_words, { fleet, freezes }) {
    const [open] = freezes;
    if (open !== undefined) return none(`A freeze by ${open.by.name} is open already: ${open.reason}`);
    return planned(
      [{ do: 'say', text: `freeze ${fleet} down for 1h because remedy freeze-down` }],
      [`No worker of ${fleet} is taken away for an hour.`],
    );
  },
};
