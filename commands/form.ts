/** A bare verb opens a form. It is checked by composing the words that somebody would have typed, and parsing them. */
import type { FleetConfig } from '../src/config.js';
import type { Field, Form, FormErrors, FormValues } from '../src/core/form.js';
import { type OperatorCode, OperatorError } from '../src/errors.js';
import type { ParseContext, Verb } from './command.js';

export interface VerbForm {
  form(values: FormValues, fleets: FleetConfig[]): Form;
  /** The words after the verb's name. */
  words(values: FormValues): string[];
  /** What the grammar does not know: a count beyond a fleet's limits, say. Throws OperatorError. Pure. */
  check?(values: FormValues, fleets: FleetConfig[]): void;
  /** What stands already is planned over: the verb knows --replace. */
  replaces?: true;
  /** Which field a slip of this kind is about; others are said at the first field. */
  fieldOf?: Partial<Record<OperatorCode, string>>;
}

/** Empty fields first, then the verb's own grammar, then the form's own limits: one error at least while one is wrong. */
export function errorsOf(
  verb: Verb,
  form: VerbForm,
  values: FormValues,
  context: ParseContext,
  fleets: FleetConfig[],
): FormErrors {
  const { fields } = form.form(values, fleets);
  const empty = fields.filter(({ name }) => (values[name] ?? '').trim() === '');
  if (empty.length > 0) return Object.fromEntries(empty.map((field) => [field.name, needed(field)]));
  try {
    verb.parse(form.words(values), context);
    form.check?.(values, fleets);
    return {};
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const name = form.fieldOf?.[error.code] ?? fields[0]?.name ?? '';
    return { [name]: error.message };
  }
}

/** A choice among the fleets; among very many it is typed, because a menu holds a hundred. */
export function fleetField(
  fleets: FleetConfig[],
  values: FormValues,
  all: { value: string; label: string } | null = null,
): Field {
  const options = fleets.map(({ name }) => ({ value: name, label: name }));
  const offered = all === null ? options : [all, ...options];
  const only = offered.length === 1 ? offered[0]?.value : undefined;
  const initial = values.fleet ?? only;
  const base = { name: 'fleet', label: 'Fleet', ...(initial === undefined ? {} : { initial }) };
  return offered.length <= 100
    ? { ...base, kind: 'choice', options: offered }
    : { ...base, kind: 'words', most: 63, placeholder: 'The name of a fleet' };
}

export function initialOf(values: FormValues, name: string): { initial?: string } {
  const value = values[name];
  return value === undefined || value === '' ? {} : { initial: value };
}

const needed = (field: Field): string => {
  if (field.kind === 'choice') return `Choose: ${field.label.toLowerCase()}.`;
  return field.hint === undefined ? `${field.label} is needed.` : `It is needed. ${field.hint}`;
};
