/**
 * Block Kit's documented limits, as the real Web API enforces them. Written apart from the bot's own linter on purpose:
 * two readings of the same documents, so that one mistake does not hide the other.
 */
import { type Block, type Fields, isFields } from './shapes.js';

const messageBlocks = new Set(
  'actions card carousel container context context_actions data_table data_visualization divider file header image input markdown plan rich_text section table task_card video'.split(
    ' ',
  ),
);
const viewBlocks = new Set(
  'actions alert context divider file header image input rich_text section table video'.split(' '),
);
const interactive = new Set(
  'button checkboxes channels_select conversations_select datepicker datetimepicker external_select multi_channels_select multi_conversations_select multi_external_select multi_static_select multi_users_select overflow radio_buttons static_select timepicker users_select workflow_button'.split(
    ' ',
  ),
);
const inputs = new Set([
  ...[...interactive].filter((type) => !['button', 'overflow', 'workflow_button'].includes(type)),
  'plain_text_input',
  'rich_text_input',
  'number_input',
  'email_text_input',
  'url_text_input',
  'file_input',
]);

/** Every broken limit, with a pointer to it; empty when the blocks are valid. */
export function brokenLimits(blocks: unknown, surface: 'message' | 'view'): string[] {
  const problems: string[] = [];
  const say = (what: string, where: string): void => {
    problems.push(`${what} [json-pointer:${where}]`);
  };
  if (!Array.isArray(blocks)) return ['must be an array [json-pointer:/blocks]'];
  const most = surface === 'message' ? 50 : 100;
  if (blocks.length > most) say(`no more than ${most} items allowed`, '/blocks');
  const allowed = surface === 'message' ? messageBlocks : viewBlocks;
  const ids = new Set<string>();
  let markdown = 0;
  let tables = 0;
  for (const [index, block] of blocks.entries()) {
    const at = `/blocks/${index}`;
    if (!isFields(block) || typeof block.type !== 'string') {
      say('must be a block object', at);
      continue;
    }
    if (!allowed.has(block.type)) say(`unsupported type: ${block.type}`, `${at}/type`);
    if (block.block_id !== undefined) {
      length(block.block_id, 255, `${at}/block_id`, say);
      const id = String(block.block_id);
      if (ids.has(id)) say(`block_id "${id}" already exists`, `${at}/block_id`);
      ids.add(id);
    }
    if (block.type === 'markdown') markdown += String(block.text ?? '').length;
    if (block.type === 'table') tables += 1;
    checkBlock(block as Block, at, say);
  }
  if (markdown > 12_000) say('all markdown blocks together must be less than 12001 characters', '/blocks');
  if (tables > 1) say('only_one_table_allowed', '/blocks');
  return problems;
}

type Say = (what: string, where: string) => void;

function checkBlock(block: Block, at: string, say: Say) {
  switch (block.type) {
    case 'section': {
      if (block.text === undefined && block.fields === undefined) say('missing required field: text', at);
      if (block.text !== undefined) text(block.text, 3000, `${at}/text`, say);
      const fields = list(block.fields, 1, 10, `${at}/fields`, say);
      for (const [index, field] of fields.entries()) text(field, 2000, `${at}/fields/${index}`, say);
      if (block.accessory !== undefined)
        element(block.accessory, `${at}/accessory`, say, interactive, 'image');
      return;
    }
    case 'header':
      return text(block.text, 150, `${at}/text`, say, true);
    case 'context': {
      const elements = list(block.elements, 1, 10, `${at}/elements`, say, true);
      for (const [index, each] of elements.entries()) {
        const where = `${at}/elements/${index}`;
        if (isFields(each) && each.type === 'image') image(each, where, say);
        else text(each, 3000, where, say);
      }
      return;
    }
    case 'actions': {
      const elements = list(block.elements, 1, 25, `${at}/elements`, say, true);
      const ids = new Set<string>();
      for (const [index, each] of elements.entries()) {
        element(each, `${at}/elements/${index}`, say, interactive);
        if (!isFields(each) || typeof each.action_id !== 'string') continue;
        if (ids.has(each.action_id))
          say(`action_id "${each.action_id}" already exists`, `${at}/elements/${index}`);
        ids.add(each.action_id);
      }
      return;
    }
    case 'context_actions':
      list(block.elements, 1, 5, `${at}/elements`, say, true);
      return;
    case 'input':
      text(block.label, 2000, `${at}/label`, say, true);
      if (block.hint !== undefined) text(block.hint, 2000, `${at}/hint`, say, true);
      return element(block.element, `${at}/element`, say, inputs);
    case 'image':
      return image(block, at, say);
    case 'markdown':
      return length(block.text, 12_000, `${at}/text`, say, 1);
    case 'alert':
      return text(block.text, 200, `${at}/text`, say);
    case 'table': {
      const rows = list(block.rows, 1, 100, `${at}/rows`, say, true);
      const width = Array.isArray(rows[0]) ? rows[0].length : 0;
      for (const [index, row] of rows.entries()) {
        const cells = list(row, 1, 20, `${at}/rows/${index}`, say, true);
        if (cells.length !== width) say('rows must have the same number of cells', `${at}/rows/${index}`);
      }
      return;
    }
    case 'rich_text':
      list(block.elements, 1, 1000, `${at}/elements`, say, true);
      return;
    case 'data_visualization':
      return length(block.title, 50, `${at}/title`, say, 1);
  }
}

function element(value: unknown, at: string, say: Say, allowed: Set<string>, also?: string) {
  if (!isFields(value)) return say('missing required field: element', at);
  const type = String(value.type);
  if (type === also) return image(value, at, say);
  if (!allowed.has(type)) return say(`unsupported type: ${type}`, `${at}/type`);
  if (value.action_id !== undefined) length(value.action_id, 255, `${at}/action_id`, say, 1);
  if (value.placeholder !== undefined) text(value.placeholder, 150, `${at}/placeholder`, say, true);
  if (value.confirm !== undefined) confirm(value.confirm, `${at}/confirm`, say);
  if (type === 'button') {
    text(value.text, 75, `${at}/text`, say, true);
    if (value.value !== undefined) length(value.value, 2000, `${at}/value`, say);
    if (value.url !== undefined) length(value.url, 3000, `${at}/url`, say);
    if (value.style !== undefined && value.style !== 'primary' && value.style !== 'danger')
      say('must be primary or danger', `${at}/style`);
    if (value.accessibility_label !== undefined)
      length(value.accessibility_label, 75, `${at}/accessibility_label`, say);
    return;
  }
  if (type === 'overflow') return options(value.options, 1, 5, `${at}/options`, say);
  if (type === 'checkboxes' || type === 'radio_buttons')
    return options(value.options, 1, 10, `${at}/options`, say);
  if (type === 'static_select' || type === 'multi_static_select') {
    if ((value.options === undefined) === (value.option_groups === undefined))
      return say('exactly one of options and option_groups', at);
    if (value.options !== undefined) options(value.options, 1, 100, `${at}/options`, say);
  }
  if (type === 'plain_text_input' && value.max_length !== undefined && Number(value.max_length) > 3000)
    say('must be no more than 3000', `${at}/max_length`);
}

function options(value: unknown, least: number, most: number, at: string, say: Say) {
  for (const [index, option] of list(value, least, most, at, say, true).entries()) {
    if (!isFields(option)) {
      say('must be an option object', `${at}/${index}`);
      continue;
    }
    text(option.text, 75, `${at}/${index}/text`, say);
    length(option.value, 150, `${at}/${index}/value`, say, 1);
    if (option.description !== undefined) text(option.description, 75, `${at}/${index}/description`, say);
  }
}

function confirm(value: unknown, at: string, say: Say) {
  if (!isFields(value)) return say('must be a confirm object', at);
  text(value.title, 100, `${at}/title`, say, true);
  text(value.text, 300, `${at}/text`, say);
  text(value.confirm, 30, `${at}/confirm`, say, true);
  text(value.deny, 30, `${at}/deny`, say, true);
}

function image(value: Fields, at: string, say: Say) {
  length(value.alt_text, 2000, `${at}/alt_text`, say, 1);
  if (value.image_url !== undefined) length(value.image_url, 3000, `${at}/image_url`, say, 1);
  if ((value.image_url === undefined) === (value.slack_file === undefined))
    say('exactly one of image_url and slack_file', at);
  if (value.title !== undefined) text(value.title, 2000, `${at}/title`, say, true);
}

function text(value: unknown, most: number, at: string, say: Say, plain = false) {
  if (!isFields(value)) return say('missing required field: text', at);
  if (plain ? value.type !== 'plain_text' : value.type !== 'plain_text' && value.type !== 'mrkdwn')
    say(plain ? 'must be plain_text' : 'must be plain_text or mrkdwn', `${at}/type`);
  length(value.text, most, `${at}/text`, say, 1);
}

function length(value: unknown, most: number, at: string, say: Say, least = 0) {
  if (typeof value !== 'string') return say('must be a string', at);
  if (value.length < least) say(`must be more than ${least - 1} characters`, at);
  if (value.length > most) say(`must be less than ${most + 1} characters`, at);
}

function list(value: unknown, least: number, most: number, at: string, say: Say, needed = false): unknown[] {
  if (value === undefined && !needed) return [];
  if (!Array.isArray(value)) {
    say('must be an array', at);
    return [];
  }
  if (value.length < least) say(`no fewer than ${least} items allowed`, at);
  if (value.length > most) say(`no more than ${most} items allowed`, at);
  return value;
}

/** What the Web API says of a modal or a home tab. */
export function brokenView(view: Fields): string[] {
  const problems = brokenLimits(view.blocks, 'view');
  const say: Say = (what, where) => problems.push(`${what} [json-pointer:${where}]`);
  if (view.private_metadata !== undefined) length(view.private_metadata, 3000, '/private_metadata', say);
  if (view.callback_id !== undefined) length(view.callback_id, 255, '/callback_id', say);
  if (view.type === 'home') return problems;
  if (view.type !== 'modal') say('must be modal or home', '/type');
  text(view.title, 24, '/title', say, true);
  if (view.submit !== undefined) text(view.submit, 24, '/submit', say, true);
  if (view.close !== undefined) text(view.close, 24, '/close', say, true);
  const hasInput =
    Array.isArray(view.blocks) && view.blocks.some((block) => isFields(block) && block.type === 'input');
  if (hasInput && view.submit === undefined) say('a modal with an input needs submit', '/submit');
  return problems;
}

/** Characters of all texts in the blocks: Slack refuses a message above about 13,200 of them. */
export function textLength(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + textLength(each), 0);
  if (!isFields(value)) return 0;
  let sum = 0;
  for (const [key, each] of Object.entries(value))
    sum += key === 'text' && typeof each === 'string' ? each.length : textLength(each);
  return sum;
}
