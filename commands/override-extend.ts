import { showDuration } from '../src/core/duration.js';
import type { Override } from '../src/core/model.js';
import { announcedRows, endedRows, overrideEnded, overrideExtended } from '../src/core/views/intent.js';
import { OperatorError } from '../src/errors.js';
import type { CommandContext, Reply } from './command.js';
import { changesBy, elsewhere, followUp } from './consequences.js';
import { checkVersion, gone, type OverrideArguments, overtaken } from './override-shared.js';

/** The same override with a later end; its message is updated in place, so its buttons stay good. */
export async function extend(
  args: Extract<OverrideArguments, { do: 'extend' }>,
  context: CommandContext,
  attempts = 3,
): Promise<Reply> {
  const fleet = context.fleets.find((other) => other.name === args.fleet)!;
  const { by, now } = context;
  const state = await context.store.fleet(args.fleet);
  checkVersion(state.version, context);
  const existing = state.override;
  if (existing === null || existing.until <= now || (args.id !== null && existing.id !== args.id)) {
    return gone(args.fleet, args.id, existing, context);
  }
  const until = existing.until + args.seconds * 1_000;
  if (until - now > context.maxOverrideSeconds * 1_000) {
    const longest = showDuration(context.maxOverrideSeconds);
    throw new OperatorError('expiry-too-far', `That is too long: from now it may last at most ${longest}.`);
  }
  const next: Override = {
    ...existing,
    id: context.newId(),
    at: now,
    until,
    postedIn: elsewhere([fleet.channel], context),
  };
  const message = overrideExtended(next, existing, by);
  const rows = [
    ...endedRows(existing, overrideEnded(existing, { how: 'extended', by }, now), now, []),
    ...announcedRows(next, message, now),
  ];
  const audit = {
    at: now,
    by,
    action: 'override-extend',
    fleet: args.fleet,
    said: context.said,
    ids: { override: next.id, replaced: existing.id },
    detail: { workers: next.workers, kind: next.kind, from: existing.until, until, where: context.where },
  };
  const changes = changesBy(context, args.fleet, next.id, message);
  const stored = await context.store.setOverride(next, audit, rows, changes, state.version);
  if (stored !== 'conflict') {
    return { visibility: 'channel', message: await followUp([args.fleet], rows, context, message) };
  }
  if (attempts > 1) return extend(args, context, attempts - 1);
  throw overtaken(args.fleet);
}
