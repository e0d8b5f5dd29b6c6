/**
 * Who may do what: viewer < operator < approver < admin. A person has the highest role that a list, a user group or the
 * on-call rota gives. What could not be asked gives nothing: without facts nobody rises above what is certain.
 */
import { z } from 'zod';

export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;
export type Role = (typeof ROLES)[number];

const role = z.enum(ROLES);
/** Slack user ids (U…) or e-mail addresses. */
const people = z.array(z.string().trim().min(3).max(200)).default([]);

export const accessSchema = z.strictObject({
  /** What every full member has; absent: operator while nobody is named below, viewer as soon as somebody is. */
  everyone: role.optional(),
  operators: people,
  approvers: people,
  admins: people,
  /** Slack user group's handle, without the @ -> role. */
  groups: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, 'must be a handle without the @'), role)
    .default({}),
  /** What being on call in PagerDuty right now gives. */
  onCall: z.enum(['none', ...ROLES]).default('operator'),
  /** A risky change needs an approver who is somebody else; false: the same person confirms with a click. */
  secondPerson: z.boolean().default(true),
  /** A count below this share of the need is risky. */
  riskyBelowNeed: z.number().min(0).max(1).default(1),
  /** Adding or taking away more workers than this at once is risky; null: no size is. */
  riskyAbove: z.number().int().min(1).nullable().default(null),
});

export type AccessPolicy = z.output<typeof accessSchema>;

export const openAccess = (): AccessPolicy => accessSchema.parse({});

export interface Contact {
  name: string;
  email: string | null;
}

/** Somebody who has a role, and whether they are on call just now. */
export interface Holder extends Contact {
  onCall: boolean;
}

export interface Speaker {
  /** 'slack:U123', 'shell:root', 'pagerduty:PABC' … */
  id: string;
  email: string | null;
  /** False: the peer did not say just now who this account is (a guest, say). */
  known: boolean;
}

/** null: could not be asked. */
export interface AccessFacts {
  /** Handle -> user ids as Slack has them. */
  groups: Record<string, string[]> | null;
  onCall: Contact[] | null;
}

export interface Standing {
  role: Role;
  /** Where the role comes from, for the audit: 'the group ml-operators'. */
  because: string;
  /** What could not be asked and might have given more. */
  unknown: string[];
}

export const isAtLeast = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** Is anybody named at all? */
export function isOpen(policy: AccessPolicy): boolean {
  const { operators, approvers, admins, groups } = policy;
  return operators.length + approvers.length + admins.length + Object.keys(groups).length === 0;
}

export const roleOfEveryone = (policy: AccessPolicy): Role =>
  policy.everyone ?? (isOpen(policy) ? 'operator' : 'viewer');

export function roleOf(speaker: Speaker, facts: AccessFacts, policy: AccessPolicy): Standing {
  // Who has a shell beside the bot has its token, too.
  if (speaker.id.startsWith('shell:')) return { role: 'admin', because: 'the shell', unknown: [] };
  // Ids of people carry where they come from: nobody else has this one.
  if (speaker.id === 'muster') return { role: 'admin', because: 'Muster itself', unknown: [] };
  const grants: { role: Role; because: string }[] = [{ role: 'viewer', because: 'a member' }];
  const unknown: string[] = [];
  if (!speaker.known) unknown.push('Slack does not say just now who you are');
  else if (speaker.id.startsWith('slack:')) {
    grants.push({ role: roleOfEveryone(policy), because: 'access.everyone' });
  }
  for (const [name, given] of LISTS) {
    if (policy[name].some((each) => isSame(each, speaker)))
      grants.push({ role: given, because: `access.${name}` });
  }
  const groups = Object.entries(policy.groups);
  if (facts.groups === null) {
    if (groups.length > 0) unknown.push('Slack does not say just now who is in which user group');
  } else {
    for (const [handle, given] of groups) {
      const members = memberIds(facts.groups, handle);
      if (members.some((id) => `slack:${id}` === speaker.id)) {
        grants.push({ role: given, because: `the group @${handle}` });
      }
    }
  }
  if (policy.onCall !== 'none') {
    if (facts.onCall === null) unknown.push('PagerDuty does not say just now who is on call');
    else if (speaker.known && facts.onCall.some((each) => isContact(each, speaker))) {
      grants.push({ role: policy.onCall, because: 'being on call' });
    }
  }
  const best = grants.reduce((a, b) => (isAtLeast(a.role, b.role) ? a : b));
  return { ...best, unknown };
}

/** Those who have at least the role, as far as they are named: user ids and e-mail addresses, no doubles. */
export function holdersOf(needed: Role, facts: AccessFacts, policy: AccessPolicy): string[] {
  const listed = LISTS.filter(([, given]) => isAtLeast(given, needed)).flatMap(([name]) => policy[name]);
  const grouped = Object.entries(policy.groups)
    .filter(([, given]) => isAtLeast(given, needed))
    .flatMap(([handle]) => (facts.groups === null ? [] : memberIds(facts.groups, handle)));
  return [...new Set([...listed, ...grouped])];
}

/** The same as people, with the rota's where being on call gives the role; an address shows who is who in both. */
export function withRota(
  listed: Contact[],
  needed: Role,
  facts: AccessFacts,
  policy: AccessPolicy,
): Holder[] {
  const rota = facts.onCall ?? [];
  const isSameContact = (a: Contact, b: Contact): boolean =>
    a.email === null || b.email === null ? a.name === b.name : sameMail(a.email, b.email);
  const gives = policy.onCall !== 'none' && isAtLeast(policy.onCall, needed);
  const holders: Holder[] = [];
  for (const contact of [...listed, ...(gives ? rota : [])]) {
    if (holders.some((known) => isSameContact(known, contact))) continue;
    holders.push({ ...contact, onCall: rota.some((each) => isSameContact(each, contact)) });
  }
  return holders;
}

/** The role that a second person needs: approver, or operator where no approver is named anywhere. */
export function approverRole(policy: AccessPolicy): Role {
  const named =
    policy.approvers.length + policy.admins.length > 0 ||
    Object.values(policy.groups).some((given) => isAtLeast(given, 'approver')) ||
    isAtLeast(roleOfEveryone(policy), 'approver') ||
    (policy.onCall !== 'none' && isAtLeast(policy.onCall, 'approver'));
  return named ? 'approver' : 'operator';
}

const LISTS = [
  ['operators', 'operator'],
  ['approvers', 'approver'],
  ['admins', 'admin'],
] as const;

const memberIds = (groups: Record<string, string[]>, handle: string): string[] =>
  Object.hasOwn(groups, handle) ? (groups[handle] ?? []) : [];

function isSame(listed: string, speaker: Speaker): boolean {
  if (`slack:${listed}` === speaker.id) return true;
  return speaker.known && sameMail(listed, speaker.email);
}

const isContact = (contact: Contact, speaker: Speaker): boolean =>
  contact.email !== null && sameMail(contact.email, speaker.email);

const sameMail = (a: string, b: string | null): boolean =>
  a.includes('@') && b !== null && a.toLowerCase() === b.toLowerCase();
