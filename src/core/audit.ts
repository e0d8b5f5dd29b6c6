/** The audit as files: one line an entry, oldest first, with the hashes, so that anybody can check the chain again. */
import type { Millis, Person } from './model.js';

export interface AuditEntry {
  at: Millis;
  by: Person;
  /** 'decision', 'override', 'freeze', 'scale' … */
  action: string;
  fleet: string | null;
  /** The raw text somebody typed, when there is one. */
  said?: string;
  ids?: Record<string, string>;
  detail?: Record<string, unknown>;
}

/** An entry in its place of the chain. */
export interface AuditLine extends AuditEntry {
  seq: number;
  hash: string;
  previous: string;
}

const COLUMNS = [
  'seq',
  'at',
  'by',
  'byId',
  'action',
  'fleet',
  'said',
  'ids',
  'detail',
  'previous',
  'hash',
] as const;

/** RFC 4180, with a quote before what a spreadsheet would take for a formula. */
export function auditCsv(lines: AuditLine[]): string {
  const rows = lines.map((line) => {
    const { seq, at, by, action, fleet, said, ids, detail, previous, hash } = line;
    const json = (value: object | undefined): string => (value === undefined ? '' : JSON.stringify(value));
    return [
      String(seq),
      new Date(at).toISOString(),
      by.name,
      by.id,
      action,
      fleet ?? '',
      said ?? '',
      json(ids),
      json(detail),
      previous,
      hash,
    ]
      .map(cell)
      .join(',');
  });
  return `${[COLUMNS.join(','), ...rows].join('\r\n')}\r\n`;
}

export function auditJsonLines(lines: AuditLine[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
