import { isAtLeast, type Role } from '../src/core/access.js';
import { deniedMessage } from '../src/core/views/access.js';
import { OutsideError } from '../src/errors.js';
import type { CommandContext, Reply } from './command.js';

/** null: the speaker has the role. Otherwise the refusal that says who has. */
export async function refuseBelow(
  needed: Role,
  what: string,
  context: CommandContext,
): Promise<Reply | null> {
  const standing = await context.authority.standing(needed);
  if (isAtLeast(standing.role, needed)) return null;
  await noteDenied(what, context, { needed, role: standing.role, unknown: standing.unknown });
  const { people, onCall } = await context.authority.holders(needed);
  const { command } = context;
  const message = deniedMessage({ what, needed, standing, holders: people, onCall, command });
  return { visibility: 'caller', refused: 'denied', message };
}

/** The same person's further tries of the same verb say nothing new for so long: nobody fills the audit. Machine time. */
const DENIED_AGAIN_MS = 10 * 60_000;

/** Who tried what they may not is in the audit, too. Nothing is done, so a store that is away changes no answer. */
export async function noteDenied(
  verb: string,
  { by, now, said, where, store }: CommandContext,
  why: Record<string, unknown>,
): Promise<void> {
  try {
    if (!(await store.once(`denied-${by.id}-${verb}`, DENIED_AGAIN_MS))) return;
    await store.appendAudit({
      ...{ at: now, by, action: 'denied', fleet: null, said },
      detail: { where, verb, ...why },
    });
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
  }
}
