/** Block Kit to elements. A block that is not known shows its words, or says that it has none: nothing vanishes. */
import { h, svg } from '../app/dom.js';
import { type Block, type Fields, fieldsIn, isFields, wordsOf } from '../app/shapes.js';
import { type Acting, element } from './elements.js';
import { emojiNodes } from './emoji.js';
import { input } from './inputs.js';
import { markdown } from './markdown.js';
import { mrkdwn } from './mrkdwn.js';
import { richText, table } from './rich-text.js';

export function blocksToNodes(blocks: Block[], acting: Acting): HTMLElement[] {
  return blocks.map((block) => {
    const node = one(block, acting);
    node.classList.add('block', `block-${block.type}`);
    if (block.block_id !== undefined) node.dataset.block = block.block_id;
    return node;
  });
}

/** A text object: mrkdwn or plain. */
export function textNodes(value: unknown): Node[] {
  if (!isFields(value)) return [];
  return value.type === 'mrkdwn' ? mrkdwn(wordsOf(value)) : emojiNodes(wordsOf(value));
}

function one(block: Block, acting: Acting): HTMLElement {
  switch (block.type) {
    case 'section':
      return section(block, acting);
    case 'header':
      return h('div', { role: 'heading', 'aria-level': 3 }, ...textNodes(block.text));
    case 'divider':
      return h('div', { role: 'separator' });
    case 'context':
      return h('div', {}, ...fieldsIn(block.elements).map(contextElement));
    case 'actions':
      return h('div', {}, ...fieldsIn(block.elements).map((each) => element(each, block, acting)));
    case 'input':
      return input(block, acting);
    case 'image':
      return picture(block);
    case 'markdown':
      return h('div', {}, ...markdown(String(block.text ?? '')));
    case 'rich_text':
      return h('div', {}, ...richText(block));
    case 'table':
    case 'data_table':
      return table(block);
    case 'alert':
      return h('div', { role: 'note' }, ...textNodes(block.text));
    case 'plan':
      return h('div', {}, h('strong', {}, String(block.title ?? '')), ...fieldsIn(block.tasks).map(task));
    case 'task_card':
      return task(block);
    case 'data_visualization':
      return chart(block);
    default:
      return h(
        'div',
        { class: 'unknown' },
        wordsOf(block.text) || `A ${block.type} block, which this page cannot draw.`,
      );
  }
}

function section(block: Block, acting: Acting): HTMLElement {
  const words = h('div', { class: 'section-words' });
  if (block.text !== undefined) words.append(h('div', {}, ...textNodes(block.text)));
  const fields = fieldsIn(block.fields);
  if (fields.length > 0)
    words.append(h('div', { class: 'fields' }, ...fields.map((field) => h('div', {}, ...textNodes(field)))));
  const beside = isFields(block.accessory)
    ? block.accessory.type === 'image'
      ? image(block.accessory, 'thumb')
      : element(block.accessory, block, acting)
    : null;
  return h('div', {}, words, beside);
}

function contextElement(each: Fields): HTMLElement {
  return each.type === 'image' ? image(each, 'icon') : h('span', {}, ...textNodes(each));
}

function picture(block: Block): HTMLElement {
  const caption = block.title === undefined ? null : h('figcaption', {}, ...textNodes(block.title));
  return h('figure', {}, caption, image(block, 'picture'));
}

function image(about: Fields, kind: string): HTMLElement {
  const file = isFields(about.slack_file) ? String(about.slack_file.id ?? '') : '';
  const source = file === '' ? String(about.image_url ?? '') : `/_page/files/${encodeURIComponent(file)}`;
  return h('img', { src: source, alt: String(about.alt_text ?? ''), class: kind, loading: 'lazy' });
}

const taskWords: Record<string, string> = {
  pending: 'waiting',
  in_progress: 'running',
  complete: 'done',
  error: 'failed',
};

function task(about: Fields): HTMLElement {
  const status = String(about.status ?? 'pending');
  const details = isFields(about.details) ? richText(about.details) : [];
  return h(
    'div',
    { class: `task task-${status}` },
    h('span', { class: 'task-status' }, taskWords[status] ?? status),
    h('span', {}, String(about.title ?? '')),
    ...details,
  );
}

/** Lines, bars and areas alike as lines with a legend; the numbers stand in a table for those who cannot see them. */
function chart(block: Block): HTMLElement {
  const title = String(block.title ?? '');
  const about = isFields(block.chart) ? block.chart : {};
  const series = fieldsIn(about.series).map((each) => ({
    name: String(each.name ?? ''),
    points: fieldsIn(each.data).map((point) => ({
      label: String(point.label ?? ''),
      value: Number(point.value),
    })),
  }));
  const top = Math.max(1e-9, ...series.flatMap((each) => each.points.map((point) => point.value)));
  const lines = series.map((each, index) => {
    const last = Math.max(1, each.points.length - 1);
    const points = each.points
      .map((point, at) => `${(at / last) * 300},${96 - (point.value / top) * 90}`)
      .join(' ');
    return svg('polyline', { points, class: `line line-${index % 6}` });
  });
  const labels = series[0]?.points.map((point) => point.label) ?? [];
  const rows = series.map((each) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, each.name),
      ...each.points.map((point) => h('td', {}, String(point.value))),
    ),
  );
  return h(
    'figure',
    {},
    h('figcaption', {}, title),
    svg(
      'svg',
      { viewBox: '0 0 300 100', class: 'chart', role: 'img', 'aria-label': title },
      ...lines,
    ) as unknown as Node,
    h(
      'div',
      { class: 'legend' },
      ...series.map((each, index) => h('span', { class: `key key-${index % 6}` }, each.name)),
    ),
    h(
      'table',
      { class: 'visually-hidden' },
      h('tr', {}, h('th'), ...labels.map((label) => h('th', { scope: 'col' }, label))),
      ...rows,
    ),
  );
}
