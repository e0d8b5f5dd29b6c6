/**
 * Slack's documented limits of messages and views, checked before Slack does. Works on any JSON, ours or not. Where two
 * sources name different limits the smaller one counts.
 */

export interface Problem {
  /** Where: 'blocks[3].text.text'. */
  path: string;
  /** What must hold: 'at most 3000 characters'. */
  rule: string;
}

type Json = Record<string, unknown>;
type Check = (block: Json, path: string) => Problem[];

/** A message: its top-level text and its blocks. */
export function lintMessage(message: { text?: unknown; blocks?: unknown }): Problem[] {
  const blocks = Array.isArray(message.blocks) ? message.blocks : [];
  return [
    ...text(message.text, 'text', 4_000),
    ...(message.blocks === undefined || Array.isArray(message.blocks)
      ? []
      : [{ path: 'blocks', rule: 'must be a list' }]),
    ...atMost(blocks, 50, 'blocks', 'blocks'),
    ...lintBlocks(blocks, 'blocks'),
    ...onlyOne(blocks, 'table'),
    ...totals(blocks),
  ];
}

/** A modal or a home tab. */
export function lintView(view: Json): Problem[] {
  const blocks = Array.isArray(view.blocks) ? view.blocks : [];
  const modal = view.type === 'modal';
  const needsSubmit = modal && blocks.some((block) => isJson(block) && block.type === 'input');
  return [
    ...atMost(blocks, 100, 'blocks', 'blocks'),
    ...lintBlocks(blocks, 'blocks'),
    ...(modal ? textObject(view.title, 'title', 24) : []),
    ...optional(view.submit, (submit) => textObject(submit, 'submit', 24)),
    ...optional(view.close, (close) => textObject(close, 'close', 24)),
    ...optional(view.private_metadata, (data) => text(data, 'private_metadata', 3_000, true)),
    ...optional(view.callback_id, (id) => text(id, 'callback_id', 255)),
    ...(needsSubmit && view.submit === undefined
      ? [{ path: 'submit', rule: 'is needed where there is an input' }]
      : []),
  ];
}

const CHECKS: Record<string, Check> = {
  section: (block, path) => [
    ...(block.text === undefined && block.fields === undefined
      ? [{ path, rule: 'needs text or fields' }]
      : []),
    ...optional(block.text, (value) => textObject(value, `${path}.text`, 3_000)),
    ...list(block.fields, `${path}.fields`, 10, (field, where) => textObject(field, where, 2_000)),
    ...optional(block.accessory, (value) => element(value, `${path}.accessory`)),
  ],
  header: (block, path) => textObject(block.text, `${path}.text`, 150),
  divider: () => [],
  context: (block, path) =>
    list(
      block.elements,
      `${path}.elements`,
      10,
      (value, where) =>
        isJson(value) && value.type === 'image' ? image(value, where) : textObject(value, where, 3_000),
      true,
    ),
  actions: (block, path) => list(block.elements, `${path}.elements`, 25, element, true),
  image: (block, path) => image(block, path),
  input: (block, path) => [
    ...textObject(block.label, `${path}.label`, 2_000),
    ...optional(block.hint, (value) => textObject(value, `${path}.hint`, 2_000)),
    ...element(block.element, `${path}.element`),
  ],
  table: (block, path) => table(block, path),
  markdown: (block, path) => text(block.text, `${path}.text`, 12_000),
  rich_text: (block, path) => list(block.elements, `${path}.elements`, 1_000, () => [], true),
  video: (block, path) => [
    ...text(block.alt_text, `${path}.alt_text`, 2_000),
    ...textObject(block.title, `${path}.title`, 200),
  ],
  file: () => [],
  alert: (block, path) => textObject(block.text, `${path}.text`, 200),
  card: (block, path) => [
    ...optional(block.title, (value) => textObject(value, `${path}.title`, 150)),
    ...optional(block.body, (value) => textObject(value, `${path}.body`, 200)),
    ...list(block.actions, `${path}.actions`, 3, element),
  ],
  carousel: (block, path) => list(block.elements, `${path}.elements`, 10, () => [], true),
  container: (block, path) => list(block.child_blocks, `${path}.child_blocks`, 10, lintBlock, true),
  context_actions: (block, path) => list(block.elements, `${path}.elements`, 5, () => [], true),
  data_table: (block, path) => list(block.rows, `${path}.rows`, 101, () => []),
  data_visualization: (block, path) => text(block.title, `${path}.title`, 50),
  plan: (block, path) => text(block.title, `${path}.title`, 255),
  task_card: (block, path) => text(block.title, `${path}.title`, 255),
};

const ELEMENTS: Record<string, Check> = {
  button: (value, path) => [
    ...textObject(value.text, `${path}.text`, 75),
    ...optional(value.value, (inner) => text(inner, `${path}.value`, 2_000, true)),
    ...optional(value.url, (inner) => text(inner, `${path}.url`, 3_000)),
    ...optional(value.accessibility_label, (inner) => text(inner, `${path}.accessibility_label`, 75)),
    ...(value.style === undefined || value.style === 'primary' || value.style === 'danger'
      ? []
      : [{ path: `${path}.style`, rule: 'must be primary or danger' }]),
  ],
  overflow: (value, path) => list(value.options, `${path}.options`, 5, option, true),
  checkboxes: (value, path) => list(value.options, `${path}.options`, 10, option, true),
  radio_buttons: (value, path) => list(value.options, `${path}.options`, 10, option, true),
  static_select: (value, path) => select(value, path),
  multi_static_select: (value, path) => select(value, path),
  plain_text_input: (value, path) => [
    ...optional(value.placeholder, (inner) => textObject(inner, `${path}.placeholder`, 150)),
    ...(typeof value.max_length === 'number' && !(value.max_length <= 3_000)
      ? [{ path: `${path}.max_length`, rule: 'at most 3000' }]
      : []),
  ],
};

function lintBlocks(blocks: unknown[], path: string): Problem[] {
  const seen = new Set<unknown>();
  return blocks.flatMap((block, n) => {
    const where = `${path}[${n}]`;
    const id = isJson(block) ? block.block_id : undefined;
    const twice =
      id !== undefined && seen.has(id) ? [{ path: `${where}.block_id`, rule: 'must be unique' }] : [];
    seen.add(id);
    return [...lintBlock(block, where), ...twice];
  });
}

function lintBlock(block: unknown, path: string): Problem[] {
  if (!isJson(block)) return [{ path, rule: 'must be a block' }];
  const check = CHECKS[String(block.type)];
  if (check === undefined)
    return [{ path: `${path}.type`, rule: `unknown block type ${String(block.type)}` }];
  return [...check(block, path), ...optional(block.block_id, (id) => text(id, `${path}.block_id`, 255))];
}

function element(value: unknown, path: string): Problem[] {
  if (!isJson(value)) return [{ path, rule: 'must be an element' }];
  const check = ELEMENTS[String(value.type)];
  return [
    ...(check === undefined ? [] : check(value, path)),
    ...optional(value.action_id, (id) => text(id, `${path}.action_id`, 255)),
    ...optional(value.confirm, (dialog) => confirmDialog(dialog, `${path}.confirm`)),
  ];
}

function confirmDialog(value: unknown, path: string): Problem[] {
  if (!isJson(value)) return [{ path, rule: 'must be a dialog' }];
  return [
    ...textObject(value.title, `${path}.title`, 100),
    ...textObject(value.text, `${path}.text`, 300),
    ...optional(value.confirm, (inner) => textObject(inner, `${path}.confirm`, 30)),
    ...optional(value.deny, (inner) => textObject(inner, `${path}.deny`, 30)),
  ];
}

function option(value: unknown, path: string): Problem[] {
  if (!isJson(value)) return [{ path, rule: 'must be an option' }];
  return [
    ...textObject(value.text, `${path}.text`, 75),
    ...text(value.value, `${path}.value`, 150),
    ...optional(value.description, (inner) => textObject(inner, `${path}.description`, 75)),
  ];
}

function select(value: Json, path: string): Problem[] {
  const both = (value.options === undefined) === (value.option_groups === undefined);
  return [
    ...(both ? [{ path, rule: 'needs options or option_groups, not both' }] : []),
    ...list(value.options, `${path}.options`, 100, option),
    ...optional(value.placeholder, (inner) => textObject(inner, `${path}.placeholder`, 150)),
  ];
}

function image(value: Json, path: string): Problem[] {
  const one = (value.image_url === undefined) !== (value.slack_file === undefined);
  return [
    ...text(value.alt_text, `${path}.alt_text`, 2_000),
    ...(one ? [] : [{ path, rule: 'needs exactly one of image_url and slack_file' }]),
    ...optional(value.image_url, (url) => text(url, `${path}.image_url`, 3_000)),
  ];
}

function table(block: Json, path: string): Problem[] {
  const rows = Array.isArray(block.rows) ? block.rows : [];
  const width = Array.isArray(rows[0]) ? rows[0].length : 0;
  const ragged = rows.some((row) => !Array.isArray(row) || row.length !== width);
  return [
    ...(rows.length === 0 ? [{ path: `${path}.rows`, rule: 'must not be empty' }] : []),
    ...atMost(rows, 100, `${path}.rows`, 'rows'),
    ...(width <= 20 ? [] : [{ path: `${path}.rows`, rule: 'at most 20 columns' }]),
    ...(ragged ? [{ path: `${path}.rows`, rule: 'every row must have as many cells' }] : []),
    ...rows.flatMap((row, n) =>
      (Array.isArray(row) ? row : []).flatMap((cell: unknown, m) =>
        tableCell(cell, `${path}.rows[${n}][${m}]`),
      ),
    ),
  ];
}

function tableCell(cell: unknown, path: string): Problem[] {
  if (!isJson(cell)) return [{ path, rule: 'must be a cell' }];
  if (cell.type === 'raw_text') return text(cell.text, `${path}.text`, 3_000);
  return ['rich_text', 'raw_number'].includes(String(cell.type))
    ? []
    : [{ path: `${path}.type`, rule: 'must be raw_text, raw_number or rich_text' }];
}

function textObject(value: unknown, path: string, max: number): Problem[] {
  if (!isJson(value)) return [{ path, rule: 'must be a text object' }];
  if (value.type !== 'plain_text' && value.type !== 'mrkdwn') {
    return [{ path: `${path}.type`, rule: 'must be plain_text or mrkdwn' }];
  }
  return text(value.text, `${path}.text`, max);
}

function text(value: unknown, path: string, max: number, mayBeEmpty = false): Problem[] {
  if (typeof value !== 'string') return [{ path, rule: 'must be a text' }];
  if (value === '' && !mayBeEmpty) return [{ path, rule: 'must not be empty' }];
  return value.length <= max ? [] : [{ path, rule: `at most ${max} characters, not ${value.length}` }];
}

function list(value: unknown, path: string, max: number, each: Checker, needed = false): Problem[] {
  if (value === undefined && !needed) return [];
  if (!Array.isArray(value)) return [{ path, rule: 'must be a list' }];
  return [
    ...(value.length === 0 ? [{ path, rule: 'must not be empty' }] : []),
    ...atMost(value, max, path, 'entries'),
    ...value.flatMap((inner: unknown, n) => each(inner, `${path}[${n}]`)),
  ];
}

type Checker = (value: unknown, path: string) => Problem[];

function atMost(values: unknown[], max: number, path: string, what: string): Problem[] {
  return values.length <= max ? [] : [{ path, rule: `at most ${max} ${what}, not ${values.length}` }];
}

function onlyOne(blocks: unknown[], type: string): Problem[] {
  const count = blocks.filter((block) => isJson(block) && block.type === type).length;
  return count <= 1 ? [] : [{ path: 'blocks', rule: `at most one ${type} a message, not ${count}` }];
}

/** Slack refuses a message whose blocks hold more than about 13,200 characters, and 12,000 of markdown. */
function totals(blocks: unknown[]): Problem[] {
  const sum = characters(blocks);
  return sum <= 13_200 ? [] : [{ path: 'blocks', rule: `at most 13200 characters in all, not ${sum}` }];
}

function characters(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, inner) => sum + characters(inner), 0);
  if (!isJson(value)) return 0;
  return Object.entries(value).reduce(
    (sum, [name, inner]) =>
      sum + (typeof inner === 'string' ? (name === 'text' ? inner.length : 0) : characters(inner)),
    0,
  );
}

const optional = (value: unknown, check: (value: unknown) => Problem[]): Problem[] =>
  value === undefined ? [] : check(value);

const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
