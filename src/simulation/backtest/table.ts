/** The comparison as text for people: one row a policy. */
import type { Measures } from './measures.js';

const COLUMNS: [string, (measures: Measures) => string][] = [
  ['policy', (m) => m.name],
  ['worker-h', (m) => whole(m.workerHours)],
  ['node-h', (m) => whole(m.nodeHours)],
  ['cost', (m) => whole(m.cost)],
  ['x clairv.', (m) => m.ratioToClairvoyant.toFixed(3)],
  ['of static', (m) => percent(m.shareOfStatic, 1)],
  ['late', (m) => percent(m.lateShare, 3)],
  ['p95 s', (m) => seconds(m.p95Seconds)],
  ['p99 s', (m) => seconds(m.p99Seconds)],
  ['worst 5 min', (m) => seconds(m.worstFiveMinuteP95Seconds)],
  ['avail.', (m) => (m.availability === null ? '-' : percent(m.availability, 2))],
  ['short %t', (m) => percent(m.underProvisionedTime, 1)],
  ['short', (m) => percent(m.underProvisioned, 2)],
  ['spare %t', (m) => percent(m.overProvisionedTime, 1)],
  ['spare', (m) => percent(m.overProvisioned, 1)],
  ['changes', (m) => String(m.changes)],
  ['oldest s', (m) => m.longestBacklogAgeSeconds.toFixed(0)],
];

export function table(policies: Measures[]): string {
  const rows = [
    COLUMNS.map(([head]) => head),
    ...policies.map((one) => COLUMNS.map(([, cell]) => cell(one))),
  ];
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return `${rows.map(line).join('\n')}\n`;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const percent = (value: number, digits: number): string => `${(100 * value).toFixed(digits)}%`;
const seconds = (value: number | null): string =>
  value === null ? '-' : value < 100 ? value.toFixed(2) : value.toFixed(0);
