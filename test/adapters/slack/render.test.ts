import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createButtonSigner } from '../../../src/adapters/slack/buttons.js';
import { lintMessage, lintView } from '../../../src/adapters/slack/lint.js';
import { SHORTENED } from '../../../src/adapters/slack/mrkdwn.js';
import { render } from '../../../src/adapters/slack/render.js';
import type { ChartSpec } from '../../../src/core/chart.js';
import type { Message, Part, Span, Text } from '../../../src/core/message.js';

const signer = createButtonSigner('secret', 'test');
const draw = (parts: Part[], more: Partial<Message> = {}) =>
  render(
    { summary: 'A whole sentence.', tone: 'info', parts, ...more },
    { sign: (button, n) => signer.sign(button, 'm', n), blockId: 'b' },
  );
const words = (value: unknown): string => JSON.stringify(value);

test('51 blocks arrive as 50 that end with "see thread", the buttons kept', () => {
  const parts: Part[] = Array.from({ length: 60 }, (_, n) => ({ kind: 'text', text: `line ${n}` }));
  parts.push({ kind: 'buttons', buttons: [{ label: 'Why?', command: 'why ocr' }] });
  const { blocks, text } = draw(parts);
  equal(blocks.length, 50);
  equal(blocks.at(-1)?.type, 'actions');
  match(words(blocks.at(-2)), /see thread/);
  deepEqual(lintMessage({ text, blocks }), []);
});

test('a section of 3,001 characters arrives shortened with "see thread"', () => {
  const { blocks } = draw([{ kind: 'text', text: 'x'.repeat(3_001) }]);
  deepEqual(lintMessage({ text: 't', blocks }), []);
  ok(blocks[0]?.type === 'section' && blocks[0].text?.text.endsWith(SHORTENED));
  equal(draw([{ kind: 'text', text: 'x'.repeat(3_000) }]).blocks.length, 1);
});

test('a text is never cut inside a date, and escaping cannot make it too long', () => {
  const long: Text = ['&'.repeat(590), { at: 1_700_000_000_000, style: 'date-time' }, 'y'.repeat(3_000)];
  const { blocks, text } = draw([{ kind: 'text', text: long }]);
  deepEqual(lintMessage({ text, blocks }), []);
  doesNotMatch(words(blocks), /<!date[^>]*$/);
  match(words(draw([{ kind: 'text', text: '&'.repeat(3_000) }]).blocks), /&amp; … \(shortened/);
});

test('what is too much in all is dropped from the end and said', () => {
  const parts: Part[] = Array.from({ length: 8 }, () => ({ kind: 'text', text: 'x'.repeat(2_900) }));
  const { blocks, text } = draw(parts);
  deepEqual(lintMessage({ text, blocks }), []);
  match(words(blocks.at(-1)), /see thread/);
});

test('dates render in the reader’s zone with a fallback in UTC', () => {
  const at = Date.UTC(2026, 0, 5, 12, 30);
  const { blocks } = draw([
    { kind: 'text', text: ['until ', { at, style: 'date-time' }] },
    { kind: 'table', head: ['When'], rows: [[[{ at, style: 'time' }]]] },
  ]);
  match(words(blocks[0]), /<!date\^1767616200\^\{date_short_pretty\} \{time\}\|Mon 5 Jan 12:30 UTC>/);
  match(words(blocks[1]), /"type":"date","timestamp":1767616200,"format":"\{time\}","fallback":"12:30 UTC"/);
});

test('the tone is said by a sign before the title or the first words, never by colour', () => {
  match(words(draw([], { title: 'Too slow', tone: 'bad' }).blocks[0]), /🚨 Too slow/);
  match(words(draw([{ kind: 'text', text: 'fine' }], { tone: 'good' }).blocks[0]), /✅ fine/);
  doesNotMatch(words(draw([{ kind: 'text', text: 'x' }], { tone: 'bad' })), /color|attachments/);
});

test('nothing that a person wrote is parsed by Slack', () => {
  const evil = '<!channel> <@U1> <https://evil|good> &lt; *b* `c`';
  const every: Part[] = [
    { kind: 'text', text: [evil, { bold: evil }, { code: evil }, { person: 'slack:U1', name: evil }] },
    {
      kind: 'text',
      text: [
        { link: 'javascript:alert(1)', text: evil },
        { link: 'https://ok/x|y', text: evil },
      ],
    },
    { kind: 'context', text: evil },
    { kind: 'fields', fields: [{ label: evil, value: evil }] },
    { kind: 'list', items: [evil] },
    { kind: 'table', head: [evil], rows: [[evil]] },
    { kind: 'code', text: `${evil}\`\`\`` },
    {
      kind: 'buttons',
      buttons: [{ label: evil, command: evil, confirm: { title: evil, text: evil, yes: evil, no: evil } }],
    },
    { kind: 'image', title: evil, alt: evil, png: anEmptyChart(evil) },
  ];
  const rendered = draw(every, { summary: evil, title: evil });
  doesNotMatch(words(rendered), /<[!@#]|<https|<javascript/);
  deepEqual(lintMessage(rendered), []);
});

test('of several tables the widest is one, for Slack takes one a message; pairs become lines, which fit a phone', () => {
  const at = Date.UTC(2026, 0, 5, 14, 40);
  const pairs: Part = { kind: 'table', head: ['What', 'Value'], rows: [['Covers', [{ at, style: 'time' }]]] };
  const wide: Part = { kind: 'table', head: ['a', 'b', 'c'], rows: [['1', '', '3']] };
  const { blocks, text } = draw([pairs, wide, wide]);
  deepEqual(
    blocks.map(({ type }) => type),
    ['section', 'table', 'section'],
  );
  match(words(blocks[0]), /\*Covers\*: <!date\^1767624000\^\{time\}\|14:40 UTC>/);
  match(words(blocks[2]), /```/);
  deepEqual(lintMessage({ text, blocks }), []);
  equal(draw([pairs]).blocks[0]?.type, 'table');
});

test('a button whose command is too long to carry is left out', () => {
  const buttons = [{ label: 'x', command: 'y'.repeat(2_000) }];
  deepEqual(
    draw([
      { kind: 'text', text: 'a' },
      { kind: 'buttons', buttons },
    ]).blocks.map(({ type }) => type),
    ['section'],
  );
});

test('whatever a message holds, what is drawn breaks no limit', () => {
  const text = fc.oneof(fc.string({ maxLength: 4_000, unit: 'grapheme' }), fc.string());
  const span: fc.Arbitrary<Span> = fc.oneof(
    text,
    text.map((bold) => ({ bold })),
    text.map((code) => ({ code })),
    fc.integer({ min: 0, max: 4e12 }).map((at): Span => ({ at, style: 'date-time' })),
  );
  const rich: fc.Arbitrary<Text> = fc.oneof(text, fc.array(span, { maxLength: 6 }));
  const part: fc.Arbitrary<Part> = fc.oneof(
    rich.map((value): Part => ({ kind: 'text', text: value })),
    rich.map((value): Part => ({ kind: 'context', text: value })),
    fc.array(rich, { maxLength: 12 }).map((items): Part => ({ kind: 'list', items })),
    fc
      .array(fc.record({ label: text, value: rich }), { maxLength: 23 })
      .map((fields): Part => ({ kind: 'fields', fields })),
    fc
      .tuple(fc.array(text, { maxLength: 24 }), fc.array(fc.array(rich, { maxLength: 24 }), { maxLength: 4 }))
      .map(([head, rows]): Part => ({ kind: 'table', head, rows })),
    text.map((value): Part => ({ kind: 'code', text: value })),
    fc
      .array(fc.record({ label: text, command: text }), { maxLength: 7 })
      .map((buttons): Part => ({ kind: 'buttons', buttons })),
  );
  const tone = fc.constantFrom('good', 'warn', 'bad', 'info' as const);
  const message = fc.record({ summary: text, title: text, tone, parts: fc.array(part, { maxLength: 30 }) });
  fc.assert(
    fc.property(message, (each) => {
      const rendered = draw(each.parts, each as Partial<Message>);
      deepEqual(lintMessage(rendered), []);
    }),
    { numRuns: 60, seed: 1 },
  );
});

test('the linter finds what Slack would refuse, and says where', () => {
  const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });
  const button = (more: object) => ({
    type: 'actions',
    elements: [{ type: 'button', text: { type: 'plain_text', text: 'x' }, ...more }],
  });
  const cases: [unknown[], RegExp][] = [
    [Array.from({ length: 51 }, () => ({ type: 'divider' })), /^blocks: at most 50 blocks/],
    [[section('x'.repeat(3_001))], /^blocks\[0\]\.text\.text: at most 3000/],
    [[section('')], /must not be empty/],
    [[{ type: 'section' }], /needs text or fields/],
    [[{ type: 'nonsense' }], /unknown block type nonsense/],
    [[{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }], /at most 150/],
    [[button({ text: { type: 'plain_text', text: 'x'.repeat(76) } })], /at most 75/],
    [[button({ value: 'x'.repeat(2_001) })], /at most 2000/],
    [[button({ style: 'green' })], /primary or danger/],
    [[{ type: 'actions', elements: Array.from({ length: 26 }, () => ({ type: 'button' })) }], /at most 25/],
    [
      [{ type: 'context', elements: Array.from({ length: 11 }, () => ({ type: 'mrkdwn', text: 'x' })) }],
      /at most 10/,
    ],
    [[{ type: 'image', alt_text: 'x' }], /exactly one of/],
    [[{ type: 'table', rows: [[{ type: 'raw_text', text: 'a' }], []] }], /as many cells/],
    [
      [
        { type: 'divider', block_id: 'a' },
        { type: 'divider', block_id: 'a' },
      ],
      /must be unique/,
    ],
    [[{ type: 'divider', block_id: 'x'.repeat(256) }], /at most 255/],
    [Array.from({ length: 5 }, () => section('x'.repeat(2_900))), /at most 13200 characters in all/],
  ];
  for (const [blocks, rule] of cases) {
    const problems = lintMessage({ text: 'x', blocks });
    ok(
      problems.some((problem) => rule.test(`${problem.path}: ${problem.rule}`)),
      `${rule} in ${words(problems)}`,
    );
  }
  equal(lintMessage({ blocks: [] })[0]?.path, 'text');
  const input = {
    type: 'input',
    label: { type: 'plain_text', text: 'x' },
    element: { type: 'plain_text_input' },
  };
  const modal = { type: 'modal', title: { type: 'plain_text', text: 'x'.repeat(25) }, blocks: [input] };
  deepEqual(
    lintView(modal).map(({ path }) => path),
    ['title.text', 'submit'],
  );
});

function anEmptyChart(fleet: string): ChartSpec {
  const data: ChartSpec['data'] = {
    fleet,
    from: 0,
    to: 1,
    moment: { at: 1, label: 'now' },
    demand: [],
    foreseen: [],
    forecast: [],
    ready: [],
    desired: [],
    changes: [],
    advised: false,
    objective: { p95Seconds: 3, missed: [] },
  };
  return { chart: 'fleet', timeZone: 'UTC', data };
}
