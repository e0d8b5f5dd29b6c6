/** What the speaker may do, from facts that are fetched only when they could matter. A silent peer gives no role. */
import type { Authority } from '../../commands/command.js';
import {
  type AccessFacts,
  type AccessPolicy,
  type Contact,
  holdersOf,
  isAtLeast,
  roleOf,
  type Speaker,
  withRota,
} from '../core/access.js';
import type { Directory, Log, OnCall } from '../ports.js';

export interface AuthorityPorts {
  directory?: Directory | null;
  onCall?: OnCall | null;
  log: Log;
}

const MOST_NAMES = 12;

export function createAuthority(speaker: Speaker, policy: AccessPolicy, ports: AuthorityPorts): Authority {
  const facts = once(() => factsOf(policy, ports));
  return {
    async standing(needed) {
      const certain = roleOf(speaker, { groups: {}, onCall: [] }, policy);
      return isAtLeast(certain.role, needed) ? certain : roleOf(speaker, await facts(), policy);
    },
    async holders(needed) {
      const known = await facts();
      const ids = holdersOf(needed, known, policy).slice(0, MOST_NAMES + 1);
      const listed = await Promise.all(ids.map((id) => contactOf(id, ports)));
      return { people: withRota(listed, needed, known, policy), onCall: known.onCall };
    },
  };
}

async function factsOf(
  policy: AccessPolicy,
  { directory, onCall, log }: AuthorityPorts,
): Promise<AccessFacts> {
  const attempt = async <T>(what: string, ask: Promise<T>): Promise<T | null> => {
    try {
      return await ask;
    } catch (error) {
      log.warn({ error }, `${what} could not be asked: roles from there do not count`);
      return null;
    }
  };
  const handles = Object.keys(policy.groups);
  const [groups, rota] = await Promise.all([
    handles.length === 0
      ? Promise.resolve({})
      : directory
        ? attempt('user groups', directory.groups(handles))
        : Promise.resolve(null),
    policy.onCall === 'none' || !onCall
      ? Promise.resolve<Contact[]>([])
      : attempt('the on-call rota', onCall.now(null)),
  ]);
  return { groups, onCall: rota };
}

async function contactOf(id: string, { directory }: AuthorityPorts): Promise<Contact> {
  if (id.includes('@')) return { name: id, email: id };
  const unknown = { name: id, email: null };
  return directory ? directory.contactOf(id).catch(() => unknown) : unknown;
}

function once<T>(run: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    running ??= run();
    return running;
  };
}
