/** Forms by the same road as typed words: what a surface shows and checks before it says them. */
import { parseContext } from '../../commands/act.js';
import type { CommandContext } from '../../commands/command.js';
import { errorsOf } from '../../commands/form.js';
import { bareValues, formOf } from '../../commands/forms.js';
import { findVerb, wordsOf } from '../../commands/index.js';
import { previewOf } from '../../commands/preview.js';
import type { FleetConfig } from '../config.js';
import type { Forms } from '../core/form.js';
import type { Person } from '../core/model.js';
import { OutsideError } from '../errors.js';
import type { Log } from '../ports.js';

export interface FormOptions {
  fleets(): FleetConfig[];
  contextOf(by: Person): CommandContext;
  log: Log;
}

export function createForms({ fleets, contextOf, log }: FormOptions): Forms {
  return {
    opens(text) {
      const [first = '', ...rest] = wordsOf(text);
      const verb = findVerb(first);
      const known = verb !== undefined && formOf(verb.name) !== null && bareValues(rest, fleets()) !== null;
      // With the fleet alone some verbs are complete.
      return known && (rest.length === 0 || verb.changes) ? verb.name : null;
    },
    fill(name, values, by) {
      const verb = findVerb(name);
      const form = formOf(name);
      if (verb === undefined || form === null) return null;
      return {
        form: form.form(values, fleets()),
        text: [name, ...form.words(values)].join(' '),
        errors: errorsOf(verb, form, values, parseContext(contextOf(by)), fleets()),
      };
    },
    async preview(name, values, by) {
      const verb = findVerb(name);
      const form = formOf(name);
      if (verb === undefined || form === null) return [];
      try {
        return await previewOf(verb, form, values, contextOf(by));
      } catch (error) {
        log.warn({ error, verb: name }, 'a preview could not be made');
        const isOutside = error instanceof OutsideError;
        const why = isOutside ? `${error.peer} does not answer (${error.why})` : 'something failed';
        return [{ kind: 'context', text: `The effect cannot be shown: ${why}.` }];
      }
    },
  };
}
