import { auditCsv, auditJsonLines } from '../src/core/audit.js';
import { auditExported, auditMessage, auditVerified } from '../src/core/views/audit.js';
import { OperatorError } from '../src/errors.js';
import { knownFleet } from './arguments.js';
import { type CommandContext, defineVerb, type ParseContext, type Reply } from './command.js';

const usage = 'audit [fleet] [n] | verify | export csv|jsonl';
const USUAL = 15;
const MOST_SHOWN = 50;
/** Looking further back for one fleet would not be quick. */
const LOOKED_AT = 5_000;
const MOST_EXPORTED = 250_000;
/** Of an export, in Slack. */
const NEWEST = 8;

export type AuditArguments =
  | { do: 'show'; fleet: string | null; count: number }
  | { do: 'verify' }
  | { do: 'export'; format: 'csv' | 'jsonl' };

export const audit = defineVerb<AuditArguments>({
  name: 'audit',
  usage: '[fleet] [n], or: verify, or: export csv|jsonl',
  summary:
    'Shows who did what and when; verify checks that nobody changed it; export gives all of it as a file.',
  examples: ['audit', 'audit face-match 30', 'audit verify', 'audit export csv'],
  changes: false,
  roleFor: (args) => (args.do === 'export' ? 'operator' : 'viewer'),
  parse,
  async run(args, context): Promise<Reply> {
    if (args.do === 'show') return show(args.fleet, args.count, context);
    if (args.do === 'export') return exported(args.format, context);
    return { visibility: 'caller', message: auditVerified(await context.reader.verifyAudit()) };
  },
});

function parse(words: string[], context: ParseContext): AuditArguments {
  const [first, second] = words.map((word) => word.toLowerCase());
  if (first === 'verify' && words.length === 1) return { do: 'verify' };
  if (first === 'export') {
    const format = second ?? 'csv';
    if ((format === 'csv' || format === 'jsonl') && words.length <= 2) return { do: 'export', format };
    throw new OperatorError('usage', 'The audit is exported as csv or as jsonl.', usage);
  }
  if (words.length > 2)
    throw new OperatorError('usage', 'Name at most one fleet and how many entries.', usage);
  const number = words.find((word) => /^\d+$/.test(word));
  const name = words.find((word) => word !== number);
  const count = number === undefined ? USUAL : Number(number);
  if (count < 1 || count > MOST_SHOWN) {
    throw new OperatorError(
      'bad-count',
      `From 1 to ${MOST_SHOWN} entries can be shown; export gives all.`,
      usage,
    );
  }
  return { do: 'show', fleet: name === undefined ? null : knownFleet(name, context, usage), count };
}

async function show(fleet: string | null, count: number, { reader }: CommandContext): Promise<Reply> {
  const entries = await reader.audit(fleet === null ? count : LOOKED_AT);
  const about = entries.filter((entry) => fleet === null || entry.fleet === fleet).slice(0, count);
  return { visibility: 'caller', message: auditMessage(fleet, about) };
}

async function exported(format: 'csv' | 'jsonl', { reader }: CommandContext): Promise<Reply> {
  const lines = (await reader.audit(MOST_EXPORTED)).reverse();
  const write = format === 'csv' ? auditCsv : auditJsonLines;
  const message = auditExported(format, lines.length, write(lines.slice(-NEWEST)));
  return { visibility: 'caller', message, file: { name: `audit.${format}`, text: write(lines) } };
}
