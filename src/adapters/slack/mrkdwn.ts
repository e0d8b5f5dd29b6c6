/** Text -> mrkdwn, never longer than asked for and never cut inside a token. */
import { showTime } from '../../core/local-time.js';
import type { Span, Text } from '../../core/message.js';
import { cut, escaped, plain } from './escape.js';

export const SHORTENED = ' … (shortened, see thread)';

const DATE_FORMAT = {
  time: '{time}',
  'date-time': '{date_short_pretty} {time}',
  ago: '{ago}',
} as const;

export function mrkdwn(text: Text, max = 3_000): string {
  let out = '';
  const spans = typeof text === 'string' ? [text] : text;
  const whole = spans.map(span).join('');
  if (whole.length <= max) return whole;
  const room = max - SHORTENED.length;
  for (const each of spans) {
    const rendered = span(each);
    if (out.length + rendered.length <= room) {
      out += rendered;
      continue;
    }
    if (typeof each === 'string') out += escapedPrefix(each, room - out.length);
    return `${out}${SHORTENED}`;
  }
  return out;
}

/** The same without any markup, for plain_text, raw_text and fallbacks. */
export function plainText(text: Text, max: number): string {
  const spans = typeof text === 'string' ? [text] : text;
  return cut(plain(spans.map(spoken).join('')), max);
}

/** What a span says where nothing is rendered; times in UTC. */
export function spoken(each: Span): string {
  if (typeof each === 'string') return each;
  if ('bold' in each) return each.bold;
  if ('code' in each) return each.code;
  if ('at' in each) return showTime(each.at, 'UTC', each.style === 'time' ? 'time' : 'date-time');
  if ('person' in each) return each.name;
  return `${each.text} (${each.link})`;
}

/** Slack's date element and token share their formats. */
export function dateFormat(style: 'time' | 'date-time' | 'ago'): string {
  return DATE_FORMAT[style];
}

function span(each: Span): string {
  if (typeof each === 'string') return escaped(each);
  if ('bold' in each) return bold(each.bold);
  if ('code' in each) return `\`${escaped(each.code.replaceAll('`', 'ˋ'))}\``;
  if ('at' in each) {
    const fallback = escaped(spoken(each)).replaceAll('|', '/');
    return `<!date^${Math.round(each.at / 1_000)}^${dateFormat(each.style)}|${fallback}>`;
  }
  // A name and no mention: being named in a message is no reason to be notified, unless it is said to be one.
  if ('person' in each) {
    const id = /^slack:([UW][A-Z0-9]+)$/.exec(each.person)?.[1];
    return each.mention === true && id !== undefined ? `<@${id}>` : escaped(each.name);
  }
  if (!/^https?:\/\/[^\s<>|]+$/.test(each.link)) return escaped(each.text);
  return `<${escaped(each.link)}|${escaped(each.text.replaceAll('|', '/'))}>`;
}

/** Slack shows stars that touch a space as stars, so spaces go outside. */
function bold(text: string): string {
  const [, before = '', inner = '', after = ''] = /^(\s*)(.*?)(\s*)$/s.exec(text) ?? [];
  return inner === '' ? text : `${before}*${escaped(inner.replaceAll('*', '∗'))}*${after}`;
}

function escapedPrefix(text: string, room: number): string {
  let out = '';
  for (const letter of text) {
    const safe = escaped(letter);
    if (out.length + safe.length > room) break;
    out += safe;
  }
  return out;
}
