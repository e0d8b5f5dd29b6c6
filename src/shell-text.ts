/** Message -> plain text for a terminal: the same words as in Slack, nothing but characters. */
import { showTime } from './core/local-time.js';
import type { Message, Part, Span, Text, Tone } from './core/message.js';

export interface ShellOptions {
  timeZone?: string;
  /** The command as it is typed here, before a button's words: 'muster command'. */
  command?: string;
}

const MARK: Record<Tone, string> = { good: '[ok] ', warn: '[warning] ', bad: '[alarm] ', info: '' };

export function shellText(message: Message, options: ShellOptions = {}): string {
  const title = message.title ?? message.summary;
  const body = message.parts.map((part) => partText(part, options)).filter((text) => text !== '');
  const repeats = body[0] !== undefined && body[0] === title;
  return [`${MARK[message.tone]}${clean(title)}`, ...(repeats ? body.slice(1) : body)].join('\n\n');
}

function partText(part: Part, options: ShellOptions): string {
  const say = (text: Text): string => plain(text, options.timeZone ?? 'UTC');
  switch (part.kind) {
    case 'text':
    case 'context':
      return say(part.text);
    case 'fields':
      return columns(
        part.fields.map(({ label, value }) => [`${label}:`, say(value)]),
        ' ',
      );
    case 'table':
      return columns([part.head, ...part.rows.map((row) => row.map(say))], '  ');
    case 'list':
      return part.items.map((item) => `- ${say(item)}`).join('\n');
    case 'code':
      return clean(part.text);
    case 'divider':
      return '-'.repeat(20);
    case 'image':
      return `${clean(part.title)}: ${clean(part.alt)}`;
    case 'buttons':
      return part.buttons
        .map(({ label, command }) => `${clean(label)}: ${options.command ?? '/muster'} ${clean(command)}`)
        .join('\n');
  }
}

function plain(text: Text, timeZone: string): string {
  const spans = typeof text === 'string' ? [text] : text;
  return clean(spans.map((span) => spanText(span, timeZone)).join(''));
}

function spanText(span: Span, timeZone: string): string {
  if (typeof span === 'string') return span;
  if ('bold' in span) return span.bold;
  if ('code' in span) return `\`${span.code}\``;
  if ('at' in span) return showTime(span.at, timeZone, span.style === 'time' ? 'time' : 'date-time');
  if ('person' in span) return span.name;
  return `${span.text} <${span.link}>`;
}

/** What people wrote must not steer the terminal. */
function clean(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '');
}

function columns(rows: string[][], gap: string): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, n) => {
      widths[n] = Math.max(widths[n] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, n) => cell.padEnd(widths[n] ?? 0))
        .join(gap)
        .trimEnd(),
    )
    .join('\n');
}
