/** A question with several answers, free of any vendor: Slack makes a modal of it, the shell prints the verb's usage. */
import type { Part, Text } from './message.js';
import type { Person } from './model.js';

interface FieldBase {
  /** Names the value, and the place of its error. */
  name: string;
  label: string;
  hint?: string;
  initial?: string;
}

export type Field =
  | (FieldBase & { kind: 'choice'; options: { value: string; label: string }[] })
  /** A whole number of workers. */
  | (FieldBase & { kind: 'count' })
  | (FieldBase & { kind: 'words'; placeholder?: string; most: number; several?: boolean });

export interface Form {
  /** The verb it stands for. */
  verb: string;
  title: string;
  /** What the button does, as a verb. */
  submit: string;
  intro: Text;
  fields: Field[];
  /** True when the effect can be shown while it is filled in. */
  hasPreview: boolean;
}

/** By field; an empty one is absent. */
export type FormValues = Record<string, string>;
/** By field: what is wrong, and how it would be right. */
export type FormErrors = Record<string, string>;

export interface Filled {
  form: Form;
  /** The words that somebody would have typed instead. */
  text: string;
  errors: FormErrors;
}

/** What a surface needs to show forms. */
export interface Forms {
  /** The verb whose form these words open; null: they open none. No I/O. */
  opens(text: string): string | null;
  /** Checks by the typed road's own rules. No I/O, so it fits into an acknowledgement. null: no such form. */
  fill(verb: string, values: FormValues, by: Person): Filled | null;
  /** What it would do, from what is known now; never throws. */
  preview(verb: string, values: FormValues, by: Person): Promise<Part[]>;
}
