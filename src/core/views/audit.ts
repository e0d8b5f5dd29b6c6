/** `audit`: who asked for what, when, and what became of it. */
import type { AuditLine } from '../audit.js';
import type { Message, Text } from '../message.js';
import { at, quoted } from './words.js';

export function auditMessage(fleet: string | null, lines: AuditLine[]): Message {
  const about = fleet ?? 'all fleets';
  if (lines.length === 0) {
    const text = `The audit has no entry about ${about} yet.`;
    return { summary: text, tone: 'info', parts: [{ kind: 'text', text }] };
  }
  return {
    summary: `The last ${lines.length} ${lines.length === 1 ? 'entry' : 'entries'} of the audit about ${about}.`,
    title: `Audit of ${about}`,
    tone: 'info',
    parts: [
      {
        kind: 'table',
        head: ['When', 'Who', 'What', 'Details'],
        rows: lines.map((line): Text[] => [
          [at(line.at, 'date-time')],
          line.by.name,
          `${line.action}${line.fleet === null ? '' : ` ${line.fleet}`}`,
          detailsOf(line),
        ]),
      },
      {
        kind: 'context',
        text: ['Each entry is chained to the one before it; check with ', { code: 'audit verify' }, '.'],
      },
    ],
  };
}

export function auditVerified(result: { ok: boolean; entries: number; brokenAt: number | null }): Message {
  const text = result.ok
    ? `The audit chain is whole: ${result.entries} entries were checked.`
    : `The audit chain is broken at entry ${result.brokenAt ?? 'unknown'}: somebody changed the store by hand. Keep a copy of Redis before anything else.`;
  return { summary: text, tone: result.ok ? 'good' : 'bad', parts: [{ kind: 'text', text }] };
}

/** In Slack the newest ones are shown; the whole file is the shell's. */
export function auditExported(format: string, entries: number, newest: string): Message {
  const text = `The audit has ${entries} entries as ${format.toUpperCase()}.`;
  return {
    summary: text,
    title: 'Audit export',
    tone: 'info',
    parts: [
      { kind: 'text', text: `${text} These are the newest.` },
      { kind: 'code', text: newest },
      {
        kind: 'context',
        text: [
          'The whole file, where the bot runs: ',
          { code: `muster command audit export ${format} > audit.${format}` },
        ],
      },
    ],
  };
}

function detailsOf({ said, ids, detail }: AuditLine): string {
  const { approvedBy, risks } = (detail ?? {}) as { approvedBy?: { name?: unknown }; risks?: unknown };
  const words = [
    said === undefined ? '' : quoted(said.length > 80 ? `${said.slice(0, 79)}…` : said),
    typeof approvedBy?.name === 'string' ? `approved by ${approvedBy.name}` : '',
    Array.isArray(risks) && risks.length > 0 ? `risky: ${risks.join(', ')}` : '',
    Object.entries(ids ?? {})
      .map(([name, id]) => `${name} ${id}`)
      .join(', '),
  ].filter((each) => each !== '');
  return words.join('; ') || '–';
}
