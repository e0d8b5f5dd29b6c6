import { isAtLeast, type Role } from '../src/core/access.js';
import { deniedMessage } from '../src/core/views/access.js';
import type { CommandContext, Reply } from './command.js';

/** null: the speaker has the role. Otherwise the refusal that says who has. */
export async function refuseBelow(
  needed: Role,
  what: string,
  context: CommandContext,
): Promise<Reply | null> {
  const standing = await context.authority.standing(needed);
  if (isAtLeast(standing.role, needed)) return null;
  const { names, onCall } = await context.authority.holders(needed);
  const { command } = context;
  const message = deniedMessage({ what, needed, standing, holders: names, onCall, command });
  return { visibility: 'caller', refused: 'denied', message };
}
