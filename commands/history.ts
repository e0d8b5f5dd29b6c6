import { historyMessage } from '../src/core/views/history.js';
import { knownFleet } from './arguments.js';
import { defineVerb } from './command.js';

/** Holds are folded, so more is read than shown. */
const READ = 60;
/** Reading the history of more fleets than this would not fit in a second. */
const FLEETS = 50;

export const history = defineVerb<string | null>({
  name: 'history',
  usage: '[fleet]',
  summary: 'Lists the last decisions, newest first.',
  examples: ['history', 'history liveness'],
  changes: false,
  parse: (words, context) => (words.length === 0 ? null : knownFleet(words[0], context, 'history [fleet]')),
  async run(name, { reader, fleets }) {
    const names = name === null ? fleets.slice(0, FLEETS).map((fleet) => fleet.name) : [name];
    const lists = await Promise.all(names.map((fleet) => reader.decisions(fleet, name === null ? 20 : READ)));
    const decisions = lists
      .flat()
      .filter((decision) => name !== null || decision.kind === 'scale')
      .sort((a, b) => b.at - a.at);
    return { visibility: 'caller', message: historyMessage(name, decisions) };
  },
});
