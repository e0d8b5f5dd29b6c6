import { nearest } from '../src/core/nearest.js';
import { helpMessage, verbHelpMessage } from '../src/core/views/help.js';
import { OperatorError } from '../src/errors.js';
import { short } from './arguments.js';
import { defineVerb, type Verb } from './command.js';

/** Made from the other verbs, so that the list is written once. */
export function helpOf(others: Verb[]): Verb<string | null> {
  const help: Verb<string | null> = defineVerb({
    name: 'help',
    usage: '[verb]',
    summary: 'Says what you can say, or all about one verb.',
    examples: ['help', 'help override'],
    changes: false,
    parse: (words) => words.find((word) => /^[a-z]/i.test(word))?.toLowerCase() ?? null,
    async run(name, { command, authority }) {
      const all = [...others, help as Verb];
      if (name === null) {
        const standing = await authority.standing('admin');
        return { visibility: 'caller', message: helpMessage(all, command, standing) };
      }
      const verb = all.find((other) => other.name === name);
      if (verb !== undefined) return { visibility: 'caller', message: verbHelpMessage(verb, command) };
      const near = nearest(
        name,
        all.map((other) => other.name),
      );
      const hint = near === null ? '' : ` Did you mean “${near}”?`;
      throw new OperatorError('unknown-verb', `There is no “${short(name)}”.${hint}`, 'help [verb]');
    },
  });
  return help;
}
