/** Who may not do something hears which role it takes, who has it, and who of them is on call. */
import type { Contact, Holder, Role, Standing } from '../access.js';
import type { Message, Part } from '../message.js';

export interface Denial {
  /** 'override', 'confirm' … */
  what: string;
  needed: Role;
  standing: Standing;
  /** Those who have the role. */
  holders: Holder[];
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
  parts.push({
    kind: 'text',
    text:
      holders.length === 0
        ? `Nobody is named who has it: see access in muster.yml.`
        : `Who has it: ${holderWords(holders)}.${nobodyOnCall(holders, onCall)}`,
  });
  parts.push({
    kind: 'context',
    text: ['Nothing was changed. All verbs: ', { code: `${command} help` }],
  });
  return { summary: sentence, title: 'Not allowed', tone: 'warn', parts };
}

/** 'asha (on call), ravi': who can be reached now stands first. */
export function holderWords(holders: Holder[]): string {
  const sorted = [...holders].sort((a, b) => Number(b.onCall) - Number(a.onCall));
  const shown = sorted.slice(0, MOST_NAMES).map(({ name, onCall }) => `${name}${onCall ? ' (on call)' : ''}`);
  return `${shown.join(', ')}${sorted.length > MOST_NAMES ? ` and ${sorted.length - MOST_NAMES} more` : ''}`;
}

const nobodyOnCall = (holders: Holder[], onCall: Contact[] | null): string =>
  onCall === null || onCall.length === 0 || holders.some((each) => each.onCall)
    ? ''
    : ' None of them is on call now.';

const ARTICLE: Record<Role, string> = { viewer: 'a', operator: 'an', approver: 'an', admin: 'an' };
