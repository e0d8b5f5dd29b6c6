import type { Freeze } from '../src/core/model.js';
import type { Plan } from '../src/core/plan.js';
import { endedRows, freezeEnded, freezeLine, freezeWords } from '../src/core/views/intent.js';
import { refusal } from '../src/core/views/problem.js';
import { at, who } from '../src/core/views/words.js';
import { OperatorError } from '../src/errors.js';
import { type CommandContext, defineVerb, type ParseContext, type Reply } from './command.js';
import { changesBy, elsewhere, followUp } from './consequences.js';
import { channelsOf, fleetOrAll, freezesOf } from './freeze.js';

const usage = 'unfreeze [fleet] [because <reason>]';

interface UnfreezeArguments {
  /** '*' is the freeze of every fleet. */
  fleet: string;
  /** The freeze that a button was made for. */
  id: string | null;
}

export const unfreeze = defineVerb<UnfreezeArguments>({
  name: 'unfreeze',
  usage: '[fleet] [--dry-run] [--break-glass because <reason>]',
  summary:
    'Ends the freeze of a fleet, or without a name the freeze of all fleets; somebody else’s only after a confirmation.',
  examples: ['unfreeze', 'unfreeze ocr'],
  changes: true,
  parse,
  plan,
  run,
});

function parse(words: string[], context: ParseContext): UnfreezeArguments {
  const because = words.findIndex((word) => /^(because|reason)$/i.test(word));
  const plain = because === -1 ? words : words.slice(0, because);
  const id = plain.find((word) => word.startsWith('#'))?.slice(1) ?? null;
  const names = plain.filter((word) => !word.startsWith('#'));
  if (names.length > 1)
    throw new OperatorError('usage', 'Name one fleet, or none for the freeze of all.', usage);
  return { fleet: fleetOrAll(names[0], context), id };
}

/** Lifting what somebody else set is risky: they may know something. */
async function plan({ fleet, id }: UnfreezeArguments, context: CommandContext): Promise<Plan | null> {
  const { chosen: existing } = await choice(fleet, id, context);
  if (existing === null) return null;
  const { by } = existing;
  return {
    action: `End the freeze of ${fleet === '*' ? 'all fleets' : fleet}`,
    fleets: namesOf(fleet, context),
    falls: false,
    risks: by.id === context.by.id ? [] : [{ code: 'freeze-of-another', by: by.name }],
    parts: [
      { kind: 'text', text: freezeLine(existing) },
      { kind: 'text', text: 'Changes begin again at once, with an evaluation of each fleet.' },
    ],
    effect: null,
    numbers: { freeze: freezeWords(existing), setBy: by.name },
  };
}

async function run({ fleet, id }: UnfreezeArguments, context: CommandContext): Promise<Reply> {
  const { by, now } = context;
  const { chosen: existing, others } = await choice(fleet, id, context);
  if (existing === null) return gone(fleet, id, others[0] ?? null, context);
  const message = freezeEnded(existing, { how: 'cancelled', by }, now);
  const [left] = others;
  if (left !== undefined) {
    message.parts.push(
      { kind: 'text', text: 'Another one goes on; to end that, too, say it again:' },
      { kind: 'text', text: freezeLine(left) },
    );
  }
  const audit = {
    at: now,
    by,
    action: 'unfreeze',
    fleet: fleet === '*' ? null : fleet,
    said: context.said,
    ids: { freeze: existing.id },
    detail: { where: context.where },
  };
  const rows = endedRows(existing, message, now, elsewhere(channelsOf(fleet, context), context));
  const changes = changesBy(context, fleet, `${existing.id}-ended`, message);
  const stored = await context.store.endFreeze(fleet, existing.id, audit, rows, changes);
  // Two at once: the store kept one of them.
  if (stored !== 'stored') return gone(fleet, existing.id, null, context);
  return { visibility: 'channel', message: await followUp(namesOf(fleet, context), rows, context, message) };
}

/** A freeze of all changes and a hold of cuts may stand together: the one of the button, else what forbids more. */
async function choice(
  fleet: string,
  id: string | null,
  context: CommandContext,
): Promise<{ chosen: Freeze | null; others: Freeze[] }> {
  const open = await freezesOf(fleet, context);
  const chosen =
    id === null
      ? (open.find(({ kind }) => kind === 'all') ?? open[0])
      : open.find((freeze) => freeze.id === id);
  return { chosen: chosen ?? null, others: open.filter((freeze) => freeze !== chosen) };
}

const namesOf = (fleet: string, context: CommandContext): string[] =>
  fleet === '*' ? context.fleets.map(({ name }) => name) : [fleet];

/** There is no such freeze any more: who ended it, and when, is in the audit. */
async function gone(
  fleet: string,
  id: string | null,
  present: Freeze | null,
  context: CommandContext,
): Promise<Reply> {
  const about = fleet === '*' ? 'There is no freeze of all fleets' : `${fleet} is not frozen by itself`;
  const sentence =
    present === null
      ? `${about}; status shows what is frozen.`
      : 'That freeze is over; the present one was left alone.';
  const message = refusal(sentence, { command: context.command });
  const entry =
    id === null
      ? undefined
      : (await context.reader.audit(200)).find(
          ({ action, ids }) => ids?.replaced === id || (ids?.freeze === id && ENDED.has(action)),
        );
  if (entry !== undefined) {
    message.parts.splice(1, 0, {
      kind: 'text',
      text: [who(entry.by), ' ended it, ', at(entry.at, 'date-time'), '.'],
    });
  }
  return { visibility: 'caller', refused: present === null ? 'not-found' : 'stale', message };
}

const ENDED = new Set(['unfreeze', 'freeze-expired']);
