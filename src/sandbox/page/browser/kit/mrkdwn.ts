/**
 * Slack's mrkdwn to elements: bold, italic, strike, code, quotes, lists as typed, links, mentions, dates. Entities are
 * decoded last, so that an escaped "<!channel>" stays what it is: text.
 */
import { h } from '../app/dom.js';
import { musterNow, store } from '../app/store.js';
import { formatDate } from './dates.js';
import { emojiNodes, withEmoji } from './emoji.js';

export function mrkdwn(text: string): Node[] {
  return text.split(/(```[\s\S]*?```)/).flatMap((part) => {
    if (part.startsWith('```') && part.length >= 6)
      return [h('pre', {}, h('code', {}, decode(part.slice(3, -3).replace(/^\n/, ''))))];
    return quoted(part);
  });
}

export function plain(text: string): string {
  return withEmoji(text);
}

/** Lines that begin with > stand in a quote together. */
function quoted(text: string): Node[] {
  const nodes: Node[] = [];
  let quote: string[] = [];
  let lines: string[] = [];
  const flush = (): void => {
    if (quote.length > 0) nodes.push(h('blockquote', {}, ...inline(quote.join('\n'))));
    if (lines.length > 0) nodes.push(...listed(lines));
    quote = [];
    lines = [];
  };
  for (const line of text.split('\n')) {
    const isQuote = /^(&gt;|>)\s?/.test(line);
    if (isQuote !== quote.length > 0 && quote.length + lines.length > 0) flush();
    if (isQuote) quote.push(line.replace(/^(&gt;|>)\s?/, ''));
    else lines.push(line);
  }
  flush();
  return nodes;
}

/** Lines that begin with a bullet hang together as a list. */
function listed(lines: string[]): Node[] {
  const nodes: Node[] = [];
  let list: HTMLElement | null = null;
  let words: string[] = [];
  const flush = (): void => {
    if (words.length > 0) nodes.push(...inline(words.join('\n')));
    words = [];
  };
  for (const line of lines) {
    const item = /^\s*[•◦]\s+(.*)$/.exec(line)?.[1];
    if (item === undefined) {
      list = null;
      words.push(line);
      continue;
    }
    if (list === null) {
      flush();
      list = h('ul');
      nodes.push(list);
    }
    list.append(h('li', {}, ...inline(item)));
  }
  flush();
  return nodes;
}

const marks = [
  { pattern: /`([^`\n]+)`/, make: (inner: string) => h('code', {}, decode(inner)) },
  { pattern: /<([^<>\n]+)>/, make: (inner: string) => angle(inner) },
  {
    pattern: /(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])/,
    make: (inner: string) => h('strong', {}, ...inline(inner)),
  },
  {
    pattern: /(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])/,
    make: (inner: string) => h('em', {}, ...inline(inner)),
  },
  {
    pattern: /(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])/,
    make: (inner: string) => h('s', {}, ...inline(inner)),
  },
];

function inline(text: string): Node[] {
  let first: { index: number; length: number; node: () => Node } | null = null;
  for (const { pattern, make } of marks) {
    const hit = pattern.exec(text);
    if (hit === null || (first !== null && hit.index >= first.index)) continue;
    first = { index: hit.index, length: hit[0].length, node: () => make(hit[1] ?? '') };
  }
  if (first === null) return breaks(text);
  return [
    ...breaks(text.slice(0, first.index)),
    first.node(),
    ...inline(text.slice(first.index + first.length)),
  ];
}

function breaks(text: string): Node[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line === '' ? [] : emojiNodes(decode(line));
    return index === 0 ? words : [h('br'), ...words];
  });
}

/** <@U1>, <#C1|name>, <!here>, <!date^…>, <https://…|words>. */
function angle(inner: string): Node {
  const [target = '', label] = inner.split('|', 2) as [string, string | undefined];
  if (target.startsWith('@')) return mention(`@${nameOf(target.slice(1), label)}`);
  if (target.startsWith('#')) return mention(`#${channelName(target.slice(1), label)}`);
  if (target.startsWith('!date^')) return date(target, label ?? '');
  if (target.startsWith('!subteam^')) return mention(decode(label ?? '@group'));
  if (target.startsWith('!')) return mention(`@${target.slice(1)}`);
  if (/^(https?:|mailto:)/.test(target)) return link(decode(target), decode(label ?? target));
  return document.createTextNode(decode(`<${inner}>`));
}

export function link(target: string, words: string): HTMLElement {
  return h('a', { href: target, rel: 'noreferrer noopener', target: '_blank' }, words);
}

export function mention(words: string): HTMLElement {
  return h('span', { class: 'mention' }, words);
}

export function nameOf(id: string, otherwise?: string): string {
  return store.users.get(id)?.realName ?? otherwise ?? id;
}

export function channelName(id: string, otherwise?: string): string {
  return store.channels.find((channel) => channel.id === id)?.name ?? otherwise ?? id;
}

function date(target: string, fallback: string): HTMLElement {
  const [, unix = '0', template = '{date_short} {time}', href] = target.split('^');
  const seconds = Number(unix);
  if (!Number.isFinite(seconds)) return h('span', {}, decode(fallback));
  const shown = formatDate(seconds, template, musterNow());
  const time = h(
    'time',
    { datetime: new Date(seconds * 1000).toISOString(), title: decode(fallback) },
    shown,
  );
  return href === undefined ? time : h('a', { href, rel: 'noreferrer noopener', target: '_blank' }, time);
}

function decode(text: string): string {
  return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
}
