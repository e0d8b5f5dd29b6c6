/** User groups and names, for roles: who is in @ml-operators. Kept for five minutes; what is older is asked again or not known. */
import type { WebClient } from '@slack/web-api';
import type { Directory } from '../../ports.js';
import { outsideError } from './client.js';
import type { People } from './people.js';

const KEPT_MS = 300_000;

export function createDirectory(
  client: WebClient,
  people: Pick<People, 'find'>,
  nowMs: () => number = Date.now,
): Directory {
  let ids: { byHandle: Map<string, string>; at: number } | null = null;
  const members = new Map<string, { users: string[]; at: number }>();
  const isFresh = (at: number): boolean => nowMs() - at < KEPT_MS;

  async function groupIds(): Promise<Map<string, string>> {
    if (ids !== null && isFresh(ids.at)) return ids.byHandle;
    const { usergroups = [] } = await client.usergroups.list({});
    const byHandle = new Map<string, string>();
    for (const { handle, id } of usergroups) {
      if (handle !== undefined && id !== undefined) byHandle.set(handle, id);
    }
    ids = { byHandle, at: nowMs() };
    return byHandle;
  }

  async function membersOf(handle: string): Promise<string[]> {
    const kept = members.get(handle);
    if (kept !== undefined && isFresh(kept.at)) return kept.users;
    const id = (await groupIds()).get(handle);
    const users =
      id === undefined ? [] : ((await client.usergroups.users.list({ usergroup: id })).users ?? []);
    members.set(handle, { users, at: nowMs() });
    return users;
  }

  return {
    async groups(handles) {
      try {
        const lists = await Promise.all(handles.map(membersOf));
        return Object.fromEntries(handles.map((handle, n) => [handle, lists[n] ?? []]));
      } catch (error) {
        throw outsideError(error, 'read user groups');
      }
    },
    async byEmail(email) {
      let id: string | undefined;
      try {
        id = (await client.users.lookupByEmail({ email })).user?.id;
      } catch (error) {
        const known = outsideError(error, 'users.lookupByEmail');
        // Slack's way of saying nobody: users_not_found.
        if (known.why === 'refused' && known.message.includes('users_not_found')) return null;
        throw known;
      }
      if (id === undefined) return null;
      const { person, known, refused } = await people.find(id, email);
      return known && refused === null ? person : null;
    },
    async contactOf(userId) {
      const { person, email } = await people.find(userId, userId);
      return { name: person.name, email };
    },
  };
}
