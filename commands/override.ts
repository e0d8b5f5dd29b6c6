import type { FleetConfig } from '../src/config.js';
import { parseDuration } from '../src/core/duration.js';
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
import { OperatorError } from '../src/errors.js';
import { countOf, knownFleet, splitFlags, untilAndReason } from './arguments.js';
import { type CommandContext, defineVerb, type ParseContext, type Reply } from './command.js';
import { changesBy, elsewhere, followUp } from './consequences.js';
import { extend } from './override-extend.js';
import { planOverride } from './override-plan.js';
import {
  checkLimits,
  checkVersion,
  full,
  gone,
  type OverrideArguments,
  overtaken,
  usage,
} from './override-shared.js';

export const override = defineVerb<OverrideArguments>({
  name: 'override',
  usage: `${usage} [--replace] [--dry-run] [--break-glass], or: cancel <fleet>, or: extend <fleet> <duration>`,
  summary: 'Pins a fleet to a count, or keeps it at least or at most there, until a time.',
  examples: [
    'override face-match 12 for 2h because load test',
    'override ocr floor 4 until 18:00 because campaign',
    'override ocr ceiling 6 for 1h30m because database is slow',
    'override cancel face-match',
    'override extend face-match 1h',
  ],
  changes: true,
  parse,
  plan: (args, context) => planOverride(args, context),
  run(args, context) {
    if (args.do === 'cancel') return cancel(args, context);
    return args.do === 'extend' ? extend(args, context) : set(args, context);
  },
});

function parse(words: string[], context: ParseContext): OverrideArguments {
  const { words: plain, flags } = splitFlags(words, ['replace'], full);
  const changing = parseChange(plain, context);
  if (changing !== null) return changing;
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
  };
}

/** 'cancel <fleet>' and 'extend <fleet> <duration>', the name also first; '#id' is the button's own override. */
function parseChange(plain: string[], context: ParseContext): OverrideArguments | null {
  const [first, second] = plain.map((word) => word.toLowerCase());
  const word = [first, second].find((each) => each === 'cancel' || each === 'extend');
  if (word === undefined) return null;
  const shape = word === 'cancel' ? 'override cancel <fleet>' : 'override extend <fleet> <duration>';
  const fleet = knownFleet(first === word ? plain[1] : plain[0], context, shape);
  const rest = plain.slice(2);
  const id = rest.find((each) => each.startsWith('#'))?.slice(1) ?? null;
  if (word === 'cancel') return { do: 'cancel', fleet, id };
  const said = rest.filter((each) => !each.startsWith('#') && !/^(for|by)$/i.test(each)).join(' ');
  const seconds = parseDuration(said);
  if (seconds !== null && seconds > 0) return { do: 'extend', fleet, seconds, id };
  throw new OperatorError('bad-duration', 'By how long? Say a duration such as 1h or 30m.', shape);
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
  const message = overrideSet(next, existing, [
    ...effectNotes(context),
    ...notesFor(fleet, next, frozen.length > 0),
  ]);
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
  const changes = changesBy(context, args.fleet, next.id, message);
  const stored = await context.store.setOverride(next, audit, rows, changes, state.version);
  if (stored === 'conflict') {
    // Somebody was faster, or a decision was stored meanwhile: look again, so that the second person sees the first's.
    if (attempts > 1) return set(args, context, attempts - 1);
    throw overtaken(args.fleet);
  }
  return { visibility: 'channel', message: await followUp([args.fleet], rows, context, message) };
}

async function cancel(
  { fleet: name, id }: { fleet: string; id: string | null },
  context: CommandContext,
): Promise<Reply> {
  const fleet = context.fleets.find((other) => other.name === name)!;
  const state = await context.store.fleet(name);
  checkVersion(state.version, context);
  const { by, now } = context;
  const existing = state.override;
  if (existing === null || existing.until <= now || (id !== null && existing.id !== id)) {
    return gone(name, id, existing, context);
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
  const changes = changesBy(context, name, `${existing.id}-ended`, message);
  const stored = await context.store.endOverride(name, existing.id, audit, rows, changes);
  if (stored === 'conflict') throw overtaken(name);
  return { visibility: 'channel', message: await followUp([name], rows, context, message) };
}

const effectNotes = ({ plan }: CommandContext): string[] => (plan?.effect == null ? [] : [plan.effect]);

function notesFor(fleet: FleetConfig, next: Override, frozen: boolean): string[] {
  const notes: string[] = [];
  if (fleet.policy.mode === 'advise') {
    notes.push(`${next.fleet} is in advise mode: Muster says what it would do and changes nothing.`);
  }
  if (frozen) notes.push('A freeze is open: the override takes effect as far as the freeze lets it.');
  return notes;
}

function withoutCommand(said: string): string {
  return said.replace(/^\s*\/\S+\s+/, '').trim();
}
