/** Input blocks of modals: a label, a field of the right kind, a hint and the reason it was refused. */
import { h } from '../app/dom.js';
import { type Block, type Fields, fieldsIn, isFields, wordsOf } from '../app/shapes.js';
import { store } from '../app/store.js';
import type { Acting } from './elements.js';
import { optionsOf } from './elements.js';
import { plain } from './mrkdwn.js';

let counter = 0;

export function input(block: Block, acting: Acting): HTMLElement {
  const about = isFields(block.element) ? block.element : {};
  const id = `field-${++counter}`;
  const isOptional = block.optional === true;
  const hint = wordsOf(block.hint);
  const described = `${id}-hint ${id}-error`;
  const many = about.type === 'checkboxes' || about.type === 'radio_buttons';
  const field = many ? choices(about, id, block) : single(about, id, block);
  if (!many) field.setAttribute('aria-describedby', described);
  if (block.dispatch_action === true) dispatch(field, block, about, acting);
  const label = many
    ? h('div', { class: 'input-label', id: `${id}-label` }, plain(wordsOf(block.label)))
    : h('label', { for: id, class: 'input-label' }, plain(wordsOf(block.label)));
  if (isOptional) label.append(h('span', { class: 'muted' }, ' (optional)'));
  return h(
    'div',
    {},
    label,
    field,
    h('p', { class: 'hint', id: `${id}-hint`, hidden: hint === '' }, hint),
    h('p', { class: 'field-error', id: `${id}-error`, 'data-error-for': block.block_id ?? '', hidden: true }),
  );
}

/** Tells the bot of each change; where it asked for every character, of a pause in the typing. */
function dispatch(field: HTMLElement, block: Block, about: Fields, acting: Acting): void {
  const tell = (): void => {
    const { value } = field as HTMLInputElement;
    void acting.act({ blockId: block.block_id, actionId: String(about.action_id ?? ''), value });
  };
  const config = isFields(about.dispatch_action_config) ? about.dispatch_action_config : {};
  const on = Array.isArray(config.trigger_actions_on) ? config.trigger_actions_on : [];
  if (!on.includes('on_character_entered')) {
    field.addEventListener('change', tell);
    return;
  }
  let pause = 0;
  field.addEventListener('input', () => {
    window.clearTimeout(pause);
    pause = window.setTimeout(tell, 300);
  });
}

/** Keeps what was typed when a bot shows a newer version of a view: fields of the same names keep their values. */
export function keepTyped(before: HTMLElement, after: HTMLElement): void {
  const typed = new Map<string, HTMLInputElement>();
  for (const field of before.querySelectorAll<HTMLInputElement>('[data-value-block]'))
    typed.set(nameOfField(field), field);
  const focused = before.contains(document.activeElement) ? (document.activeElement as HTMLElement) : null;
  for (const field of after.querySelectorAll<HTMLInputElement>('[data-value-block]')) {
    const old = typed.get(nameOfField(field));
    if (old === undefined) continue;
    if (field.type === 'checkbox' || field.type === 'radio') field.checked = old.checked;
    else field.value = old.value;
    if (old === focused) field.dataset.wasFocused = 'true';
  }
}

const nameOfField = (field: HTMLInputElement): string =>
  `${field.dataset.valueBlock} ${field.dataset.valueAction} ${field.type === 'checkbox' || field.type === 'radio' ? field.value : ''}`;

/** What stands in the fields of a view, by block and action. */
export function valuesIn(form: HTMLElement): Record<string, Fields> {
  const values: Record<string, Fields> = {};
  for (const field of form.querySelectorAll<HTMLInputElement>('[data-value-block]')) {
    const block = field.dataset.valueBlock ?? '';
    const action = field.dataset.valueAction ?? '';
    values[block] ??= {};
    if (field.type === 'checkbox') {
      const chosen = (values[block][action] ?? []) as string[];
      values[block][action] = field.checked ? [...chosen, field.value] : chosen;
    } else if (field.type === 'radio') {
      if (field.checked) values[block][action] = field.value;
    } else if (field.type === 'datetime-local') {
      values[block][action] = field.value === '' ? null : Math.floor(new Date(field.value).getTime() / 1000);
    } else values[block][action] = field.value === '' ? null : field.value;
  }
  return values;
}

function single(about: Fields, id: string, block: Block): HTMLElement {
  const shared = {
    id,
    'data-value-block': block.block_id ?? '',
    'data-value-action': String(about.action_id ?? ''),
    required: block.optional !== true,
  };
  const placeholder = wordsOf(about.placeholder) || null;
  const text = String(about.initial_value ?? '');
  switch (about.type) {
    case 'static_select':
    case 'external_select':
      return select(
        shared,
        optionsOf(about).map(option),
        isFields(about.initial_option) ? about.initial_option.value : '',
      );
    case 'users_select':
      return select(
        shared,
        [...store.users.values()]
          .filter((user) => user.kind !== 'bot')
          .map((user) => [user.id, user.realName]),
        about.initial_user,
      );
    case 'channels_select':
    case 'conversations_select':
      return select(
        shared,
        store.channels.map((channel) => [channel.id, `#${channel.name}`]),
        about.initial_channel ?? about.initial_conversation,
      );
    case 'number_input':
      return h('input', {
        ...shared,
        type: 'number',
        value: text,
        placeholder,
        min: about.min_value as string | undefined,
        max: about.max_value as string | undefined,
        step: about.is_decimal_allowed === true ? 'any' : '1',
      });
    case 'datepicker':
      return h('input', { ...shared, type: 'date', value: String(about.initial_date ?? '') });
    case 'timepicker':
      return h('input', { ...shared, type: 'time', value: String(about.initial_time ?? '') });
    case 'datetimepicker':
      return h('input', { ...shared, type: 'datetime-local', value: localTime(about.initial_date_time) });
    default:
      if (about.multiline === true) {
        const area = h('textarea', {
          ...shared,
          rows: 4,
          placeholder,
          maxlength: about.max_length as number | undefined,
        });
        area.value = text;
        return area;
      }
      return h('input', {
        ...shared,
        type: 'text',
        value: text,
        placeholder,
        maxlength: about.max_length as number | undefined,
        autocomplete: 'off',
      });
  }
}

function choices(about: Fields, id: string, block: Block): HTMLElement {
  const isMany = about.type === 'checkboxes';
  const chosen = isMany
    ? fieldsIn(about.initial_options).map((each) => each.value)
    : isFields(about.initial_option)
      ? [about.initial_option.value]
      : [];
  return h(
    'div',
    { role: isMany ? 'group' : 'radiogroup', 'aria-labelledby': `${id}-label`, class: 'choices' },
    ...optionsOf(about).map((each) =>
      h(
        'label',
        {},
        h('input', {
          type: isMany ? 'checkbox' : 'radio',
          name: id,
          value: String(each.value),
          checked: chosen.includes(each.value),
          'data-value-block': block.block_id ?? '',
          'data-value-action': String(about.action_id ?? ''),
        }),
        ` ${plain(wordsOf(each.text))}`,
      ),
    ),
  );
}

function select(
  shared: Record<string, string | boolean>,
  options: [string, string][],
  chosen: unknown,
): HTMLElement {
  return h(
    'select',
    shared,
    h('option', { value: '' }, 'Choose'),
    ...options.map(([value, words]) => h('option', { value, selected: value === chosen }, words)),
  );
}

const option = (each: Fields): [string, string] => [String(each.value), plain(wordsOf(each.text))];

/** A datetime-local field has no zone: it shows and takes the browser's. */
function localTime(unixSeconds: unknown): string {
  if (typeof unixSeconds !== 'number') return '';
  const at = new Date(unixSeconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
