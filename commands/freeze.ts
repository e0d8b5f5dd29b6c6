import type { Freeze } from '../src/core/model.js';
import type { Plan } from '../src/core/plan.js';
import {
  announcedRows,
  endedRows,
  freezeEnded,
  freezeLine,
  freezeSet,
  freezeWords,
  openFreezes,
} from '../src/core/views/intent.js';
import { at } from '../src/core/views/words.js';
import { OperatorError } from '../src/errors.js';
import { knownFleet, splitFlags, untilAndReason } from './arguments.js';
import { type CommandContext, defineVerb, type ParseContext, type Reply } from './command.js';
import { changesBy, elsewhere, followUp } from './consequences.js';

const usage = '[fleet] [down] for <duration>|until <time> because <reason>';
const full = `freeze ${usage}`;

export interface FreezeArguments {
  /** '*' is every fleet. */
  fleet: string;
  kind: 'all' | 'down';
  until: number;
  reason: string;
  replace: boolean;
}

export const freeze = defineVerb<FreezeArguments>({
  name: 'freeze',
  usage: `${usage} [--replace] [--dry-run]`,
  summary: 'Stops all changes of one fleet or of all, or with “down” only the cuts, until a time.',
  examples: ['freeze for 1h because we investigate', 'freeze ocr down until 18:00 because big customer demo'],
  changes: true,
  parse,
  plan,
  run: (args, context) => run(args, context),
});

function parse(words: string[], context: ParseContext): FreezeArguments {
  const { words: plain, flags } = splitFlags(words, ['replace'], full);
  const { head, until, reason } = untilAndReason(plain, context, full);
  const kind = head.at(-1)?.toLowerCase() === 'down' ? 'down' : 'all';
  const names = kind === 'down' ? head.slice(0, -1) : head;
  if (names.length > 1) {
    throw new OperatorError('usage', 'Name one fleet, or none to freeze them all.', full);
  }
  return { fleet: fleetOrAll(names[0], context), kind, until, reason, replace: flags.has('replace') };
}

/** A freeze is the emergency brake: it never waits for a click. */
async function plan(args: FreezeArguments, context: CommandContext): Promise<Plan | null> {
  const existing = await inTheWay(args, context);
  if (existing !== null && !args.replace) return null;
  const words = freezeWords(args);
  return {
    action: `Freeze ${words}`,
    fleets: args.fleet === '*' ? context.fleets.map(({ name }) => name) : [args.fleet],
    falls: false,
    risks: [],
    parts: [{ kind: 'text', text: [`${words} until `, at(args.until, 'date-time'), '.'] }],
    effect: null,
    numbers: { freeze: words, until: args.until },
  };
}

/** No name, 'all' or '*' is every fleet. */
export function fleetOrAll(word: string | undefined, context: ParseContext): string {
  if (word === undefined || word === '*' || word.toLowerCase() === 'all') return '*';
  return knownFleet(word, context, full);
}

async function run(args: FreezeArguments, context: CommandContext, attempts = 3): Promise<Reply> {
  const { by, now } = context;
  const existing = await inTheWay(args, context);
  if (existing !== null && !args.replace) {
    return {
      visibility: 'caller',
      refused: 'conflict',
      message: {
        summary: 'Nothing changed: it is frozen already.',
        title: 'It is frozen already',
        tone: 'warn',
        parts: [
          { kind: 'text', text: freezeLine(existing) },
          {
            kind: 'text',
            text: [
              'Nothing changed. Add ',
              { code: '--replace' },
              ' to replace it, or ',
              { code: 'unfreeze' },
              ' first.',
            ],
          },
        ],
      },
    };
  }
  const next: Freeze = {
    v: 1,
    id: context.newId(),
    fleet: args.fleet,
    kind: args.kind,
    by,
    reason: args.reason,
    at: now,
    until: args.until,
    postedIn: elsewhere(channelsOf(args.fleet, context), context),
  };
  const message = freezeSet(next);
  const audit = {
    at: now,
    by,
    action: 'freeze',
    fleet: args.fleet === '*' ? null : args.fleet,
    said: context.said,
    ids: { freeze: next.id, ...(existing === null ? {} : { replaced: existing.id }) },
    detail: { kind: next.kind, until: next.until, reason: next.reason, where: context.where },
  };
  const rows = announcedRows(next, message, now);
  if (existing !== null) {
    rows.push(...endedRows(existing, freezeEnded(existing, { how: 'replaced', by }, now), now, []));
  }
  const changes = changesBy(context, args.fleet, next.id, message);
  const stored = await context.store.setFreeze(next, audit, rows, changes, existing?.id);
  if (stored === 'conflict') {
    // The one to replace has just ended, or somebody replaced it: look again.
    if (attempts > 1) return run(args, context, attempts - 1);
    throw new OperatorError(
      'conflict',
      'Somebody else changed it at the same moment; say it again, please.',
      full,
    );
  }
  return { visibility: 'channel', message: await followUp([], rows, context, message) };
}

/**
 * The freeze that this one would take the place of. A hold of cuts that outlasts a freeze of all changes stands beside it,
 * and holds from its end on; of both, a new one takes the place of its like.
 */
async function inTheWay(args: FreezeArguments, context: CommandContext): Promise<Freeze | null> {
  const all = await freezesOf(args.fleet, context);
  const others = all.filter(
    ({ kind, until }) => !(args.kind === 'down' && kind === 'all' && until < args.until),
  );
  const like = others.find(({ kind }) => kind === args.kind) ?? others[0];
  return like ?? (args.replace ? all[0] : undefined) ?? null;
}

/** The open freezes of exactly this fleet, or of all; the one that ends last is the first. */
export async function freezesOf(fleet: string, context: CommandContext): Promise<Freeze[]> {
  const reader = fleet === '*' ? context.fleets[0]?.name : fleet;
  if (reader === undefined) return [];
  const state = await context.store.fleet(reader);
  return openFreezes(state.freezes, context.now).filter((freeze) => freeze.fleet === fleet);
}

/** Where a freeze is announced: the fleet's channel, or each fleet's once. */
export function channelsOf(fleet: string, context: CommandContext): string[] {
  const fleets = context.fleets.filter((other) => fleet === '*' || other.name === fleet);
  return [...new Set(fleets.map((other) => other.channel))];
}
