/** Who may not do something hears which role it takes, who has it, and who of them is on call. */
import type { Contact, Role, Standing } from '../access.js';
import type { Message, Part } from '../message.js';

export interface Denial {
  /** 'override', 'confirm' … */
  what: string;
  needed: Role;
  standing: Standing;
  /** Names of those who have the role. */
  holders: string[];
  /** null: not known; empty: nobody, or no rota is configured. */
  onCall: Contact[] | null;
  command: string;
}

const MOST_NAMES = 12;

export function deniedMessage({ what, needed, standing, holders, onCall, command }: Denial): Message {
  const sentence = `“${what}” needs the role ${needed}, and you are ${ARTICLE[standing.role]} ${standing.role}.`;
  const parts: Part[] = [{ kind: 'text', text: sentence }];
  for (const missing of standing.unknown) {
    parts.push({
      kind: 'text',
      text: `${missing}, so a role that comes from there does not count until it does.`,
    });
  }
  const shown = holders.slice(0, MOST_NAMES).join(', ');
  const more = holders.length > MOST_NAMES ? ` and ${holders.length - MOST_NAMES} more` : '';
  parts.push({
    kind: 'text',
    text:
      holders.length === 0
        ? `Nobody is named who has it: see access in muster.yml.`
        : `Who has it: ${shown}${more}.`,
  });
  const names = (onCall ?? []).map(({ name }) => name);
  if (names.length > 0) parts.push({ kind: 'text', text: `On call now: ${names.join(', ')}.` });
  parts.push({
    kind: 'context',
    text: ['Nothing was changed. All verbs: ', { code: `${command} help` }],
  });
  return { summary: sentence, title: 'Not allowed', tone: 'warn', parts };
}

const ARTICLE: Record<Role, string> = { viewer: 'a', operator: 'an', approver: 'an', admin: 'an' };
