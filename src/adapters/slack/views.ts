/** Forms, answers and the home tab as Slack's views. Pure: what they show comes in, a view comes out. */
import type { HomeView, InputBlock, KnownBlock, ModalView, SectionBlock } from '@slack/types';
import type { Field, Form, FormErrors, FormValues } from '../../core/form.js';
import type { Message, Part } from '../../core/message.js';
import { cut, plain } from './escape.js';
import { mrkdwn } from './mrkdwn.js';
import { type RenderOptions, render } from './render.js';

export const FORM = 'muster-form';
export const ANSWER = 'muster-answer';
/** Begins the action of every field that has a preview. */
export const FILL = 'fill-';
const FIELD = 'field-';

type Drawing = Pick<RenderOptions, 'sign'> & { blockId: string };

const words = (text: string, most: number) => ({
  type: 'plain_text' as const,
  text: cut(plain(text) || '–', most),
});

/** The form with its values, and below it what it would do. `metadata` comes back with each input. */
export function formView(
  form: Form,
  shown: { values: FormValues; preview: Part[] | null; metadata: string; drawing: Drawing },
): ModalView {
  const intro: SectionBlock = {
    type: 'section',
    text: { type: 'mrkdwn', text: mrkdwn(form.intro), verbatim: true },
  };
  return {
    type: 'modal',
    callback_id: FORM,
    title: words(form.title, 24),
    submit: words(form.submit, 24),
    close: words('Cancel', 24),
    private_metadata: shown.metadata,
    blocks: [
      { ...intro, block_id: 'intro' },
      ...form.fields.map((field) => inputOf(field, shown.values[field.name], form.hasPreview)),
      ...previewBlocks(form, shown.preview, shown.drawing),
    ],
  };
}

export function loadingView(title: string): ModalView {
  const text = { type: 'mrkdwn' as const, text: 'One moment …' };
  return {
    type: 'modal',
    callback_id: ANSWER,
    title: words(title, 24),
    close: words('Close', 24),
    blocks: [{ type: 'section', text }],
  };
}

export function answerView(message: Message, drawing: Drawing): ModalView {
  return {
    type: 'modal',
    callback_id: ANSWER,
    title: words('Muster', 24),
    close: words('Close', 24),
    blocks: render(message, { ...drawing, surface: 'view' }).blocks,
  };
}

export function homeView(message: Message, drawing: Drawing): HomeView {
  return { type: 'home', blocks: render(message, { ...drawing, surface: 'view' }).blocks };
}

/** What stands in the fields, as Slack's view state has it. */
export function valuesOf(state: unknown): FormValues {
  const values: FormValues = {};
  for (const [block, actions] of Object.entries(jsonOf(jsonOf(state).values))) {
    if (!block.startsWith(FIELD)) continue;
    const [element] = Object.values(jsonOf(actions));
    const { value, selected_option: option } = jsonOf(element);
    const given = typeof value === 'string' ? value : jsonOf(option).value;
    if (typeof given === 'string' && given.trim() !== '') values[block.slice(FIELD.length)] = given.trim();
  }
  return values;
}

/** By block, as response_action: errors wants them. */
export function errorsByBlock(errors: FormErrors): Record<string, string> {
  return Object.fromEntries(Object.entries(errors).map(([name, error]) => [FIELD + name, cut(error, 300)]));
}

function inputOf(field: Field, value: string | undefined, dispatches: boolean): InputBlock {
  const initial = value ?? field.initial;
  return {
    type: 'input',
    block_id: FIELD + field.name,
    label: words(field.label, 2_000),
    ...(field.hint === undefined ? {} : { hint: words(field.hint, 2_000) }),
    ...(dispatches ? { dispatch_action: true } : {}),
    element: elementOf(field, initial),
  };
}

function elementOf(field: Field, initial: string | undefined): InputBlock['element'] {
  const action_id = FILL + field.name;
  const dispatch_action_config = { trigger_actions_on: ['on_character_entered' as const] };
  if (field.kind === 'choice') {
    const options = field.options.map((each) => ({ text: words(each.label, 75), value: each.value }));
    const chosen = options.find((each) => each.value === initial);
    return {
      type: 'static_select',
      action_id,
      options,
      ...(chosen === undefined ? {} : { initial_option: chosen }),
    };
  }
  if (field.kind === 'count') {
    const valid = initial !== undefined && /^\d+$/.test(initial);
    return {
      type: 'number_input',
      action_id,
      is_decimal_allowed: false,
      min_value: '0',
      ...(valid ? { initial_value: initial } : {}),
      dispatch_action_config,
    };
  }
  return {
    type: 'plain_text_input',
    action_id,
    max_length: field.most,
    ...(field.several === true ? { multiline: true } : {}),
    ...(field.placeholder === undefined ? {} : { placeholder: words(field.placeholder, 150) }),
    ...(initial === undefined ? {} : { initial_value: cut(initial, field.most) }),
    dispatch_action_config,
  };
}

function previewBlocks(form: Form, preview: Part[] | null, drawing: Drawing): KnownBlock[] {
  if (!form.hasPreview) return [];
  const parts = preview ?? [{ kind: 'context', text: 'Working out the effect …' } satisfies Part];
  const message: Message = { summary: 'The effect', tone: 'info', parts: [{ kind: 'divider' }, ...parts] };
  return render(message, { ...drawing, surface: 'view' }).blocks;
}

const jsonOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
