/** Which verbs have a form, and when it is asked for. */
import type { FormValues } from '../src/core/form.js';
import { refusal } from '../src/core/views/problem.js';
import { OperatorError } from '../src/errors.js';
import { parseContext } from './act.js';
import { refuseBelow } from './authority.js';
import type { CommandContext, Reply, Verb } from './command.js';
import type { VerbForm } from './form.js';
import { deployForm } from './form-deploy.js';
import { fleetForm, freezeForm, overrideForm } from './form-intent.js';

const FORMS: Record<string, VerbForm> = {
  override: overrideForm,
  freeze: freezeForm,
  deploy: deployForm,
  why: fleetForm('why', 'Explain a decision'),
  forecast: fleetForm('forecast', 'Forecast'),
};

export const formOf = (verb: string): VerbForm | null => (Object.hasOwn(FORMS, verb) ? FORMS[verb]! : null);

/** What is known of a form's values when it is opened: nothing, or the fleet. null: more was said than a form begins with. */
export function bareValues(words: string[], fleets: { name: string }[]): FormValues | null {
  const [first, ...rest] = words;
  if (first === undefined) return {};
  const fleet = fleets.find(({ name }) => name === first.toLowerCase());
  return fleet === undefined || rest.length > 0 ? null : { fleet: fleet.name };
}

/** A verb without its words, or with the fleet alone, asks for the rest; whoever may not do it hears that first. */
export async function formInstead(
  verb: Verb,
  words: string[],
  context: CommandContext,
): Promise<Reply | null> {
  const form = formOf(verb.name);
  const values = form === null ? null : bareValues(words, context.fleets);
  if (form === null || values === null) return null;
  try {
    verb.parse(words, parseContext(context));
    return null;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const needed = verb.role ?? (verb.changes ? 'operator' : 'viewer');
    const no = needed === 'viewer' ? null : await refuseBelow(needed, verb.name, context);
    return (
      no ?? {
        visibility: 'caller',
        refused: error.code,
        message: refusal(error.message, { command: context.command, usage: error.usage }),
        modal: form.form(values, context.fleets),
      }
    );
  }
}
