/** Message -> Block Kit. What is too much for Slack arrives shortened with "see thread" instead of failing. */
import type { ActionsBlock, KnownBlock, SectionBlock, Button as SlackButton, TableBlock } from '@slack/types';
import type { Button, Message, Part, Text, Tone } from '../../core/message.js';
import { cut, escaped, plain } from './escape.js';
import { dateFormat, mrkdwn, plainText, SHORTENED, spoken } from './mrkdwn.js';

export interface Rendered {
  /** The whole sentence for notifications and screen readers. */
  text: string;
  blocks: KnownBlock[];
}

export interface RenderOptions {
  /** Value of the n-th button, signed; null leaves the button out. */
  sign(button: Button, n: number): string | null;
  /** Begins every block_id; a new one for each version of a message. */
  blockId: string;
  /** A modal or home tab takes no table block: it is set in fixed pitch there. */
  surface?: 'message' | 'view';
}

/** Slack's own, less some room: 50 blocks, and about 13,200 characters over all of them. */
const MOST_BLOCKS = 50;
const MOST_CHARACTERS = 12_000;
const MOST_TEXT = 3_900;

/** Never by colour alone: a sign and, in the words themselves, what it means. */
const SIGN: Record<Tone, string> = { good: '✅', warn: '⚠️', bad: '🚨', info: '' };

export function render(message: Message, options: RenderOptions): Rendered {
  const sign = SIGN[message.tone];
  const parts = withSign(message, sign);
  const blocks: KnownBlock[] = [];
  if (message.title !== undefined && message.title !== '') {
    const title = sign === '' ? message.title : `${sign} ${message.title}`;
    blocks.push({ type: 'header', text: { type: 'plain_text', text: cut(plain(title), 150), emoji: true } });
  }
  let buttons = 0;
  const tableAt = options.surface === 'view' ? -1 : widestTable(parts);
  for (const [n, part] of parts.entries()) {
    blocks.push(...blocksOf(part, { isTable: n === tableAt, nextButton: () => buttons++, ...options }));
  }
  const summary = message.summary || message.title || 'Muster';
  const text = cut(escaped(summary), MOST_TEXT);
  if (blocks.length === 0) blocks.push(section(summary));
  return { text, blocks: numbered(fit(blocks), options.blockId) };
}

interface PartContext {
  /** True for the one that becomes a table block: Slack takes one a message. */
  isTable: boolean;
  nextButton(): number;
  sign: RenderOptions['sign'];
}

/** Of several the one that would read worst in another form on a phone; -1: there is none. */
function widestTable(parts: Part[]): number {
  const columns = parts.map((part) => (part.kind === 'table' ? part.head.length : -1));
  const most = Math.max(...columns, -1);
  return most === -1 ? -1 : columns.indexOf(most);
}

function blocksOf(part: Part, context: PartContext): KnownBlock[] {
  switch (part.kind) {
    case 'text':
      return isEmpty(part.text) ? [] : [section(part.text)];
    case 'context':
      return isEmpty(part.text) ? [] : [contextBlock(part.text)];
    case 'divider':
      return [{ type: 'divider' }];
    case 'code':
      return [codeBlock(part.text)];
    case 'fields':
      return fieldSections(part.fields);
    case 'list':
      return listSections(part.items);
    case 'table':
      if (context.isTable) return [table(part.head, part.rows)];
      return part.head.length === 2 ? listSections(part.rows.map(pair)) : [codeBlock(textTable(part))];
    case 'image':
      return [contextBlock(`${part.title}: ${part.alt}`)];
    case 'buttons':
      return actions(part.buttons, context);
  }
}

function withSign(message: Message, sign: string): Part[] {
  if (sign === '' || (message.title !== undefined && message.title !== '')) return message.parts;
  const [first, ...rest] = message.parts;
  if (first === undefined || (first.kind !== 'text' && first.kind !== 'context')) return message.parts;
  const spans = typeof first.text === 'string' ? [first.text] : first.text;
  return [{ ...first, text: [`${sign} `, ...spans] }, ...rest];
}

const isEmpty = (text: Text): boolean => mrkdwn(text) === '';

function section(text: Text): SectionBlock {
  return { type: 'section', text: { type: 'mrkdwn', text: mrkdwn(text), verbatim: true } };
}

function contextBlock(text: Text): KnownBlock {
  return { type: 'context', elements: [{ type: 'mrkdwn', text: mrkdwn(text, 2_000), verbatim: true }] };
}

function codeBlock(code: string): SectionBlock {
  const body = escaped(code.replaceAll('```', "'''"));
  const shown = body.length <= 2_900 ? body : `${escaped(cut(code, 2_000)).slice(0, 2_900)}${SHORTENED}`;
  return { type: 'section', text: { type: 'mrkdwn', text: `\`\`\`\n${shown}\n\`\`\``, verbatim: true } };
}

function fieldSections(fields: { label: string; value: Text }[]): KnownBlock[] {
  const sections: KnownBlock[] = [];
  for (let start = 0; start < fields.length; start += 10) {
    const some = fields.slice(start, start + 10).map(({ label, value }) => ({
      type: 'mrkdwn' as const,
      text: mrkdwn([{ bold: label }, '\n', ...(typeof value === 'string' ? [value] : value)], 2_000),
      verbatim: true,
    }));
    sections.push({ type: 'section', fields: some });
  }
  return sections;
}

/** One section while it fits, then the next. */
function listSections(items: Text[]): KnownBlock[] {
  const sections: string[] = [];
  for (const item of items) {
    const line = `• ${mrkdwn(item, 2_900)}`;
    const last = sections.at(-1);
    if (last !== undefined && last.length + line.length + 1 <= 3_000) {
      sections[sections.length - 1] = `${last}\n${line}`;
    } else sections.push(line);
  }
  return sections.map((text) => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }));
}

type Cell = TableBlock['rows'][number][number];

function table(head: string[], rows: Text[][]): TableBlock {
  const columns = Math.min(20, Math.max(1, head.length));
  const shown = rows.slice(0, 99);
  const wide = (row: Text[]): Cell[] => Array.from({ length: columns }, (_, n) => cell(row[n] ?? ''));
  return {
    type: 'table',
    rows: [wide(head), ...shown.map(wide)],
    column_settings: Array.from({ length: columns }, () => ({ is_wrapped: true })),
  };
}

/** Dates keep the reader's zone inside a table too; all else is raw text. */
function cell(text: Text): Cell {
  const spans = typeof text === 'string' ? [text] : text;
  if (!spans.some((span) => typeof span !== 'string' && 'at' in span)) {
    return { type: 'raw_text', text: plainText(text, 300) || '–' };
  }
  const elements = spans.map((span) => {
    if (typeof span !== 'string' && 'at' in span) {
      return {
        type: 'date' as const,
        timestamp: Math.round(span.at / 1_000),
        format: dateFormat(span.style),
        fallback: spoken(span),
      };
    }
    return { type: 'text' as const, text: plainText([span], 300) || ' ' };
  });
  return { type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] };
}

/** A row of two columns as a line: it wraps where a table in fixed pitch would break, and keeps the reader's zone. */
function pair([name = '', value = '']: Text[]): Text {
  return [{ bold: plainText(name, 300) }, ': ', ...(typeof value === 'string' ? [value] : value)];
}

/** A second table of a message, or one of a view, in fixed pitch. */
function textTable(part: { head: string[]; rows: Text[][] }): string {
  const rows = [part.head, ...part.rows.slice(0, 40)].map((row) => row.map((text) => plainText(text, 60)));
  const widths = part.head.map((_, n) => Math.max(...rows.map((row) => (row[n] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((text, n) => text.padEnd(widths[n] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function actions(buttons: Button[], context: PartContext): KnownBlock[] {
  const elements = buttons.slice(0, 5).flatMap((button): SlackButton[] => {
    const n = context.nextButton();
    const value = context.sign(button, n);
    if (value === null) return [];
    return [
      {
        type: 'button',
        action_id: `say-${n}`,
        text: { type: 'plain_text', text: cut(plain(button.label) || 'Do it', 75), emoji: true },
        value,
        ...(button.style === undefined ? {} : { style: button.style }),
        ...(button.confirm === undefined ? {} : { confirm: dialog(button.confirm) }),
      },
    ];
  });
  if (elements.length === 0) return [];
  const block: ActionsBlock = { type: 'actions', elements };
  return [block];
}

function dialog(confirm: NonNullable<Button['confirm']>): NonNullable<SlackButton['confirm']> {
  const text = (words: string, max: number) =>
    ({ type: 'plain_text', text: cut(plain(words) || '–', max) }) as const;
  return {
    title: text(confirm.title, 100),
    text: text(confirm.text, 300),
    confirm: text(confirm.yes, 30),
    deny: text(confirm.no, 30),
  };
}

/** Drops what is too much from the end, says so, and keeps the buttons. */
function fit(blocks: KnownBlock[]): KnownBlock[] {
  const size = (some: KnownBlock[]): number => some.reduce((sum, block) => sum + characters(block), 0);
  if (blocks.length <= MOST_BLOCKS && size(blocks) <= MOST_CHARACTERS) return blocks;
  const last = blocks.at(-1);
  const tail: KnownBlock[] = [contextBlock(SHORTENED.trim())];
  if (last?.type === 'actions') tail.push(last);
  const head = (last?.type === 'actions' ? blocks.slice(0, -1) : blocks).slice(0, MOST_BLOCKS - tail.length);
  while (head.length > 0 && size(head) + size(tail) > MOST_CHARACTERS) head.pop();
  return [...head, ...tail];
}

/** Characters people would read: every `text` and `fallback` inside. */
function characters(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + characters(each), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce((sum, [name, inner]) => {
    if (typeof inner === 'string') return sum + (name === 'text' || name === 'fallback' ? inner.length : 0);
    return sum + characters(inner);
  }, 0);
}

function numbered(blocks: KnownBlock[], prefix: string): KnownBlock[] {
  return blocks.map((block, n) => ({ ...block, block_id: cut(`${prefix}-${n}`, 255) }));
}
