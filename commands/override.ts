import type { FleetConfig } from '../src/config.js';
import type { Override, OverrideKind } from '../src/core/model.js';
import {
  announcedRows,
  endedRows,
  openFreezes,
  overrideArgument,
  overrideConflict,
  overrideEnded,
  overrideSet,
} from '../src/core/views/intent.js';
import { refusal } from '../src/core/views/problem.js';
import { OperatorError } from '../src/errors.js';
import { countOf, knownFleet, splitFlags, untilAndReason } from './arguments.js';
import { type CommandContext, defineVerb, type ParseContext, type Reply } from './command.js';
import { elsewhere, followUp } from './consequences.js';

const usage = '<fleet> <n>|floor <n>|ceiling <n> for <duration>|until <time> because <reason>';
const full = `override ${usage}`;

export type OverrideArguments =
  | { do: 'cancel'; fleet: string }
  | {
      do: 'set';
      fleet: string;
      kind: OverrideKind;
      workers: number;
      until: number;
      reason: string;
      replace: boolean;
      dryRun: boolean;
    };

export const override = defineVerb<OverrideArguments>({
  name: 'override',
  usage: `${usage} [--replace], or: cancel <fleet>`,
  summary: 'Pins a fleet to a count, or keeps it at least or at most there, until a time.',
  examples: [
    'override face-match 12 for 2h because load test',
    'override ocr floor 4 until 18:00 because campaign',
    'override ocr ceiling 6 for 1h30m because database is slow',
    'override cancel face-match',
  ],
  changes: true,
  parse,
  run: (args, context) => (args.do === 'cancel' ? cancel(args.fleet, context) : set(args, context)),
});

function parse(words: string[], context: ParseContext): OverrideArguments {
  const { words: plain, flags } = splitFlags(words, ['replace', 'dry-run'], full);
  if (plain[0]?.toLowerCase() === 'cancel') {
    return { do: 'cancel', fleet: knownFleet(plain[1], context, 'override cancel <fleet>') };
  }
  if (plain[1]?.toLowerCase() === 'cancel') {
    return { do: 'cancel', fleet: knownFleet(plain[0], context, 'override cancel <fleet>') };
  }
  const fleet = knownFleet(plain[0], context, full);
  const second = plain[1]?.toLowerCase();
  const kind: OverrideKind = second === 'floor' || second === 'ceiling' ? second : 'pin';
  const rest = plain.slice(kind === 'pin' && second !== 'pin' ? 1 : 2);
  const workers = countOf(rest[0], full);
  const told = untilAndReason(rest.slice(1), context, full);
  if (told.head.length > 0 && !/^workers?$/i.test(told.head.join(' '))) {
    throw new OperatorError(
      'usage',
      `I do not understand “${told.head.join(' ').slice(0, 60)}” there.`,
      full,
    );
  }
  const { until, reason } = told;
  return {
    do: 'set',
    fleet,
    kind,
    workers,
    until,
    reason,
    replace: flags.has('replace'),
    dryRun: flags.has('dry-run'),
  };
}

async function set(
  args: Extract<OverrideArguments, { do: 'set' }>,
  context: CommandContext,
  attempts = 3,
): Promise<Reply> {
  const fleet = context.fleets.find((other) => other.name === args.fleet)!;
  checkLimits(args, fleet);
  const state = await context.store.fleet(args.fleet);
  checkVersion(state.version, context);
  const { by, now } = context;
  const existing = state.override !== null && state.override.until > now ? state.override : null;
  if (existing !== null && !args.replace) {
    const message = overrideConflict(existing, `${withoutCommand(context.said)} --replace`);
    return { visibility: 'caller', message, refused: 'conflict' };
  }
  const next: Override = {
    v: 1,
    id: context.newId(),
    fleet: args.fleet,
    kind: args.kind,
    workers: args.workers,
    by,
    reason: args.reason,
    at: now,
    until: args.until,
    postedIn: elsewhere([fleet.channel], context),
  };
  const frozen = openFreezes(state.freezes, now);
  const message = overrideSet(next, existing, notesFor(fleet, next, frozen.length > 0));
  if (args.dryRun) {
    return {
      visibility: 'caller',
      message: { ...message, title: `Dry run. ${message.title ?? ''}`, parts: message.parts.slice(0, -1) },
    };
  }
  const rows = announcedRows(next, message, now);
  if (existing !== null) {
    rows.push(...endedRows(existing, overrideEnded(existing, { how: 'replaced', by }, now), now, []));
  }
  const audit = {
    at: now,
    by,
    action: 'override',
    fleet: args.fleet,
    said: context.said,
    ids: { override: next.id, ...(existing === null ? {} : { replaced: existing.id }) },
    detail: {
      kind: next.kind,
      workers: next.workers,
      until: next.until,
      reason: next.reason,
      where: context.where,
    },
  };
  const stored = await context.store.setOverride(next, audit, rows, state.version);
  if (stored === 'conflict') {
    // Somebody was faster, or a decision was stored meanwhile: look again, so that the second person sees the first's.
    if (attempts > 1) return set(args, context, attempts - 1);
    throw overtaken(args.fleet);
  }
  return { visibility: 'channel', message: await followUp([args.fleet], rows, context, message) };
}

async function cancel(name: string, context: CommandContext): Promise<Reply> {
  const fleet = context.fleets.find((other) => other.name === name)!;
  const state = await context.store.fleet(name);
  checkVersion(state.version, context);
  const { by, now } = context;
  const existing = state.override;
  if (existing === null || existing.until <= now) {
    const sentence = `${name} has no override: the forecast decides already.`;
    return {
      visibility: 'caller',
      message: refusal(sentence, { command: context.command }),
      refused: 'not-found',
    };
  }
  const message = overrideEnded(existing, { how: 'cancelled', by }, now);
  const audit = {
    at: now,
    by,
    action: 'override-cancel',
    fleet: name,
    said: context.said,
    ids: { override: existing.id },
    detail: { was: overrideArgument(existing), where: context.where },
  };
  const rows = endedRows(existing, message, now, elsewhere([fleet.channel], context));
  const stored = await context.store.endOverride(name, existing.id, audit, rows);
  if (stored === 'conflict') throw overtaken(name);
  return { visibility: 'channel', message: await followUp([name], rows, context, message) };
}

function checkLimits(args: { kind: OverrideKind; workers: number; fleet: string }, fleet: FleetConfig): void {
  const { floor, ceiling } = fleet.policy;
  const { workers } = args;
  if (workers > ceiling) {
    throw new OperatorError(
      'bad-count',
      `${workers} workers is above the ceiling of ${args.fleet}, which is ${ceiling}; an override never goes past it.`,
      full,
    );
  }
  if (workers >= floor) return;
  throw new OperatorError(
    'bad-count',
    `${workers} workers is below the floor of ${args.fleet}, which is ${floor}; an override never goes under it.`,
    full,
  );
}

function checkVersion(version: number, context: CommandContext): void {
  if (context.expectVersion === undefined || context.expectVersion === version) return;
  throw new OperatorError(
    'stale',
    'That button is out of date: something has changed since it was made. Look at the status and say it again.',
  );
}

function notesFor(fleet: FleetConfig, next: Override, frozen: boolean): string[] {
  const notes: string[] = [];
  if (fleet.policy.mode === 'advise') {
    notes.push(`${next.fleet} is in advise mode: Muster says what it would do and changes nothing.`);
  }
  if (frozen) notes.push('A freeze is open: the override takes effect as far as the freeze lets it.');
  return notes;
}

function overtaken(fleet: string): OperatorError {
  return new OperatorError(
    'conflict',
    `Somebody else changed ${fleet} at the same moment. Nothing of yours was stored: look at the status, then say it again.`,
    `status ${fleet}`,
  );
}

function withoutCommand(said: string): string {
  return said.replace(/^\s*\/\S+\s+/, '').trim();
}
