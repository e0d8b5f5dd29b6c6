import { statusMessage } from '../src/core/views/status.js';
import { knownFleet } from './arguments.js';
import { defineVerb } from './command.js';
import { fleetsNow } from './fleets-now.js';

/** More than this many fleets make a table that nobody reads on a phone. */
const SHOWN = 20;

export const status = defineVerb<string | null>({
  name: 'status',
  usage: '[fleet]',
  summary: 'Shows overrides and freezes, then each fleet: workers, demand, latency, next cycle, cost.',
  examples: ['status', 'status face-match'],
  changes: false,
  parse: (words, context) => (words.length === 0 ? null : knownFleet(words[0], context, 'status [fleet]')),
  async run(name, context) {
    const { now, command } = context;
    const chosen = context.fleets.filter((fleet) => name === null || fleet.name === name);
    const found = await fleetsNow(chosen, SHOWN, context);
    return { visibility: 'caller', message: statusMessage({ ...found, now, command }) };
  },
});
