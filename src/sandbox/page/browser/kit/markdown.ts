/** The markdown block: the everyday part of Markdown (headings, lists, code, tables, bold, links). */
import { h } from '../app/dom.js';
import { emojiNodes } from './emoji.js';
import { link } from './mrkdwn.js';

export function markdown(text: string): Node[] {
  const nodes: Node[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; ) {
    const line = lines[at]!;
    const taken = code(lines, at, nodes) || table(lines, at, nodes) || items(lines, at, nodes);
    if (taken > 0) {
      at += taken;
      continue;
    }
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (heading !== null) nodes.push(h('p', { class: 'md-heading' }, h('strong', {}, ...spans(heading[2]!))));
    else if (/^(-{3,}|\*{3,})$/.test(line.trim())) nodes.push(h('hr'));
    else if (line.startsWith('>')) nodes.push(h('blockquote', {}, ...spans(line.replace(/^>\s?/, ''))));
    else if (line.trim() !== '') nodes.push(h('p', {}, ...spans(line)));
    at += 1;
  }
  return nodes;
}

function code(lines: string[], at: number, nodes: Node[]): number {
  if (!lines[at]!.startsWith('```')) return 0;
  const end = lines.findIndex((line, index) => index > at && line.startsWith('```'));
  const last = end < 0 ? lines.length : end;
  nodes.push(h('pre', {}, h('code', {}, lines.slice(at + 1, last).join('\n'))));
  return last - at + 1;
}

function items(lines: string[], at: number, nodes: Node[]): number {
  const kind = /^\s*([-*+]|\d+\.)\s+/.exec(lines[at]!)?.[1];
  if (kind === undefined) return 0;
  const taken: string[] = [];
  while (at + taken.length < lines.length) {
    const item = /^\s*(?:[-*+]|\d+\.)\s+(.*)$/.exec(lines[at + taken.length]!);
    if (item === null) break;
    taken.push(item[1]!);
  }
  const list = /\d/.test(kind) ? h('ol') : h('ul');
  list.append(...taken.map((item) => h('li', {}, ...spans(item))));
  nodes.push(list);
  return taken.length;
}

function table(lines: string[], at: number, nodes: Node[]): number {
  if (!lines[at]!.includes('|') || !/^\s*\|?[\s:|-]+\|[\s:|-]*$/.test(lines[at + 1] ?? '')) return 0;
  let end = at + 2;
  while (end < lines.length && lines[end]!.includes('|')) end += 1;
  const cells = (line: string): string[] =>
    line
      .trim()
      .replace(/^\||\|$/g, '')
      .split('|')
      .map((cell) => cell.trim());
  const head = h('tr', {}, ...cells(lines[at]!).map((cell) => h('th', { scope: 'col' }, ...spans(cell))));
  const body = lines
    .slice(at + 2, end)
    .map((line) => h('tr', {}, ...cells(line).map((cell) => h('td', {}, ...spans(cell)))));
  nodes.push(
    h(
      'div',
      { class: 'table-box', tabindex: 0, role: 'group', 'aria-label': 'Table' },
      h('table', {}, h('thead', {}, head), h('tbody', {}, ...body)),
    ),
  );
  return end - at;
}

function spans(text: string): Node[] {
  const pattern =
    /(`[^`]+`)|\*\*(.+?)\*\*|(?<!\w)[*_]([^*_]+)[*_](?!\w)|~~(.+?)~~|\[([^\]]+)\]\((https?:[^)\s]+)\)/;
  const hit = pattern.exec(text);
  if (hit === null) return emojiNodes(text);
  const [whole, codeText, bold, italic, strike, words, target] = hit;
  const node =
    codeText !== undefined
      ? h('code', {}, codeText.slice(1, -1))
      : bold !== undefined
        ? h('strong', {}, ...spans(bold))
        : italic !== undefined
          ? h('em', {}, ...spans(italic))
          : strike !== undefined
            ? h('s', {}, ...spans(strike))
            : link(target!, words!);
  return [...spans(text.slice(0, hit.index)), node, ...spans(text.slice(hit.index + whole.length))];
}
