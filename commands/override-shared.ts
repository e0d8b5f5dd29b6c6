/** What the ways to set, extend and end an override share: what was said, the limits, and who was faster. */
import type { FleetConfig } from '../src/config.js';
import type { Span } from '../src/core/message.js';
import type { Override, OverrideKind } from '../src/core/model.js';
import { overrideWords } from '../src/core/views/intent.js';
import { refusal } from '../src/core/views/problem.js';
import { at, who, workers as workersOf } from '../src/core/views/words.js';
import { OperatorError } from '../src/errors.js';
import type { CommandContext, Reply } from './command.js';

export const usage = '<fleet> <n>|floor <n>|ceiling <n> for <duration>|until <time> because <reason>';
export const full = `override ${usage}`;

export type OverrideArguments =
  | { do: 'cancel'; fleet: string; id: string | null }
  | { do: 'extend'; fleet: string; seconds: number; id: string | null }
  | {
      do: 'set';
      fleet: string;
      kind: OverrideKind;
      workers: number;
      until: number;
      reason: string;
      replace: boolean;
    };

const isWords = (count: number): string => `${workersOf(count)} ${count === 1 ? 'is' : 'are'}`;

/** An override stays within the fleet's floor and ceiling. */
export function checkLimits(args: { workers: number; fleet: string }, fleet: FleetConfig): void {
  const { floor, ceiling } = fleet.policy;
  const { workers } = args;
  if (workers > ceiling) {
    throw new OperatorError(
      'bad-count',
      `${isWords(workers)} above the ceiling of ${args.fleet}, which is ${ceiling}; an override never goes past it.`,
      full,
    );
  }
  if (workers >= floor) return;
  throw new OperatorError(
    'bad-count',
    `${isWords(workers)} below the floor of ${args.fleet}, which is ${floor}; an override never goes under it.`,
    full,
  );
}

export function checkVersion(version: number, context: CommandContext): void {
  if (context.expectVersion === undefined || context.expectVersion === version) return;
  throw new OperatorError(
    'stale',
    'That button is out of date: something has changed since it was made. Look at the status and say it again.',
  );
}

export function overtaken(fleet: string): OperatorError {
  return new OperatorError(
    'conflict',
    `Somebody else changed ${fleet} at the same moment. Nothing of yours was stored: look at the status, then say it again.`,
    `status ${fleet}`,
  );
}

/** The button, or the words, mean an override that is not there: who ended it is in the audit. */
export async function gone(
  fleet: string,
  id: string | null,
  present: Override | null,
  context: CommandContext,
): Promise<Reply> {
  const { now, command } = context;
  const open = present !== null && present.until > now ? present : null;
  const ended = id === null ? null : await whoEnded(id, context);
  const what =
    open === null ? `${fleet} has no override: the forecast decides already.` : 'That override is over.';
  const since =
    open === null
      ? ''
      : ` Another one is in force: ${overrideWords(open)}, by ${open.by.name}; it was left alone.`;
  const message = refusal(`${what}${since}`, { command });
  const who = ended === null ? [] : [{ kind: 'text' as const, text: ended }];
  return {
    visibility: 'caller',
    refused: open === null ? 'not-found' : 'stale',
    message: { ...message, parts: [...message.parts.slice(0, 1), ...who, ...message.parts.slice(1)] },
  };
}

const ENDINGS: Record<string, string> = {
  'override-cancel': 'ended it',
  'override-expired': 'said that it ran out',
  override: 'replaced it',
  'override-extend': 'extended it',
};

async function whoEnded(id: string, context: CommandContext): Promise<Span[] | null> {
  const entries = await context.reader.audit(200);
  const entry = entries.find(({ action, ids }) =>
    action === 'override' || action === 'override-extend'
      ? ids?.replaced === id
      : ids?.override === id && Object.hasOwn(ENDINGS, action),
  );
  if (entry === undefined) return null;
  return [who(entry.by), ` ${ENDINGS[entry.action]}, `, at(entry.at, 'date-time'), '.'];
}
