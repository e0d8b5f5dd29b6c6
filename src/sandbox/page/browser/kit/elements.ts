/** What can be pressed or chosen in a message: buttons, menus, dates. Each tells its owner what was done. */
import { h } from '../app/dom.js';
import { type Block, type Fields, fieldsIn, isFields, wordsOf } from '../app/shapes.js';
import { confirmed } from './confirm.js';
import { plain } from './mrkdwn.js';

export interface Action {
  blockId: string | undefined;
  actionId: string;
  value?: string | undefined;
}

export interface Acting {
  /** Resolves when the bot has answered. */
  act(action: Action): Promise<void>;
}

export function element(about: Fields, block: Block, acting: Acting): HTMLElement {
  const run = async (control: HTMLElement, value: string | undefined): Promise<void> => {
    if (!(await confirmed(about.confirm))) return;
    control.setAttribute('aria-busy', 'true');
    try {
      await acting.act({ blockId: block.block_id, actionId: String(about.action_id ?? ''), value });
    } finally {
      control.removeAttribute('aria-busy');
    }
  };
  switch (about.type) {
    case 'button':
    case 'workflow_button':
      return button(about, run);
    case 'overflow':
      return overflow(about, run);
    case 'static_select':
    case 'radio_buttons':
    case 'external_select':
      return select(about, run);
    case 'datepicker':
    case 'timepicker': {
      const isDate = about.type === 'datepicker';
      const field = h('input', {
        type: isDate ? 'date' : 'time',
        value: String(about.initial_date ?? about.initial_time ?? ''),
        'aria-label': wordsOf(about.placeholder) || (isDate ? 'Date' : 'Time'),
        change: () => void run(field, field.value),
      });
      return field;
    }
    default:
      return h('span', { class: 'unknown' }, `A ${String(about.type)}, which this page cannot draw.`);
  }
}

type Run = (control: HTMLElement, value: string | undefined) => Promise<void>;

function button(about: Fields, run: Run): HTMLElement {
  const style = about.style === 'primary' || about.style === 'danger' ? about.style : 'plain';
  const label = plain(wordsOf(about.text));
  const aria = typeof about.accessibility_label === 'string' ? about.accessibility_label : null;
  if (typeof about.url === 'string')
    return h(
      'a',
      { class: `button ${style}`, href: about.url, target: '_blank', rel: 'noreferrer noopener' },
      label,
    );
  const control = h(
    'button',
    {
      type: 'button',
      class: `button ${style}`,
      'data-action': String(about.action_id ?? ''),
      'aria-label': aria,
      click: () => void run(control, typeof about.value === 'string' ? about.value : undefined),
    },
    label,
  );
  return control;
}

function overflow(about: Fields, run: Run): HTMLElement {
  const control = h(
    'details',
    { class: 'overflow' },
    h('summary', { class: 'button plain', 'aria-label': 'More actions' }, '⋯'),
    h(
      'div',
      { class: 'overflow-list' },
      ...fieldsIn(about.options).map((option) =>
        h(
          'button',
          {
            type: 'button',
            click: () => {
              control.open = false;
              void run(control, String(option.value));
            },
          },
          plain(wordsOf(option.text)),
        ),
      ),
    ),
  );
  return control;
}

function select(about: Fields, run: Run): HTMLElement {
  const initial = isFields(about.initial_option) ? String(about.initial_option.value) : '';
  const words = wordsOf(about.placeholder) || 'Choose';
  const control = h(
    'select',
    { 'aria-label': words, change: () => control.value !== '' && void run(control, control.value) },
    h('option', { value: '' }, words),
    ...optionsOf(about).map((option) =>
      h(
        'option',
        { value: String(option.value), selected: option.value === initial },
        plain(wordsOf(option.text)),
      ),
    ),
  );
  return control;
}

export function optionsOf(about: Fields): Fields[] {
  return [
    ...fieldsIn(about.options),
    ...fieldsIn(about.option_groups).flatMap((group) => fieldsIn(group.options)),
  ];
}
