/** rich_text blocks and the cells of tables. */
import { h } from '../app/dom.js';
import { type Fields, fieldsIn, isFields } from '../app/shapes.js';
import { musterNow } from '../app/store.js';
import { formatDate } from './dates.js';
import { emojiNodes, emojiOf } from './emoji.js';
import { channelName, link, mention, nameOf } from './mrkdwn.js';

export function richText(block: Fields): Node[] {
  return fieldsIn(block.elements).map((part) => {
    const inside = fieldsIn(part.elements);
    switch (part.type) {
      case 'rich_text_list': {
        const list = part.style === 'ordered' ? h('ol') : h('ul');
        list.append(...inside.map((item) => h('li', {}, ...spans(fieldsIn(item.elements)))));
        return list;
      }
      case 'rich_text_preformatted':
        return h('pre', {}, h('code', {}, ...spans(inside)));
      case 'rich_text_quote':
        return h('blockquote', {}, ...spans(inside));
      default:
        return h('p', {}, ...spans(inside));
    }
  });
}

function spans(elements: Fields[]): Node[] {
  return elements.flatMap((element) => {
    const node = span(element);
    const style = isFields(element.style) ? element.style : {};
    let styled: Node = node;
    if (style.code === true) styled = h('code', {}, styled);
    if (style.bold === true) styled = h('strong', {}, styled);
    if (style.italic === true) styled = h('em', {}, styled);
    if (style.strike === true) styled = h('s', {}, styled);
    return [styled];
  });
}

function span(element: Fields): Node {
  switch (element.type) {
    case 'link':
      return link(String(element.url), String(element.text ?? element.url));
    case 'user':
      return mention(`@${nameOf(String(element.user_id))}`);
    case 'channel':
      return mention(`#${channelName(String(element.channel_id))}`);
    case 'usergroup':
      return mention(`@${String(element.usergroup_id)}`);
    case 'broadcast':
      return mention(`@${String(element.range)}`);
    case 'emoji':
      return document.createTextNode(emojiOf(String(element.name)));
    case 'date': {
      const seconds = Number(element.timestamp);
      const shown = formatDate(seconds, String(element.format ?? '{date_short} {time}'), musterNow());
      return h(
        'time',
        { datetime: new Date(seconds * 1000).toISOString(), title: String(element.fallback ?? '') },
        shown,
      );
    }
    default: {
      const box = h('span');
      for (const [index, line] of String(element.text ?? '')
        .split('\n')
        .entries()) {
        if (index > 0) box.append(h('br'));
        box.append(...emojiNodes(line));
      }
      return box;
    }
  }
}

export function table(block: Fields): HTMLElement {
  const rows = (Array.isArray(block.rows) ? block.rows : []).map((row) => fieldsIn(row));
  const settings = Array.isArray(block.column_settings) ? block.column_settings : [];
  const right = (column: number): string | null =>
    isFields(settings[column]) && settings[column].align === 'right' ? 'right' : null;
  const cell = (value: Fields, column: number, tag: 'th' | 'td'): HTMLElement => {
    const isNumber = value.type === 'raw_number';
    const content =
      value.type === 'rich_text' ? richText(value) : emojiNodes(String(value.text ?? value.value ?? ''));
    return h(
      tag,
      { class: isNumber ? 'right' : right(column), scope: tag === 'th' ? 'col' : null },
      ...content,
    );
  };
  const [head = [], ...body] = rows;
  return h(
    'div',
    { class: 'table-box', tabindex: 0, role: 'group', 'aria-label': 'Table' },
    h(
      'table',
      {},
      h('thead', {}, h('tr', {}, ...head.map((value, column) => cell(value, column, 'th')))),
      h(
        'tbody',
        {},
        ...body.map((row) => h('tr', {}, ...row.map((value, column) => cell(value, column, 'td')))),
      ),
    ),
  );
}
