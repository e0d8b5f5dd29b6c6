/** Who is speaking: name and time zone from users.info, kept for an hour; guests, bots and strangers are refused. */
import type { WebClient } from '@slack/web-api';
import type { Person } from '../../core/model.js';
import type { Log } from '../../ports.js';
import { outsideError } from './client.js';

export interface Spoke {
  person: Person;
  email: string | null;
  /** False when Slack did not say: such an account may read, and what changes something is not its own to do. */
  known: boolean;
  /** A sentence when this account may not use the bot at all. */
  refused: string | null;
}

export interface People {
  /** `team`: the workspace the request came from, when it says. */
  find(userId: string, fallbackName: string, team?: string): Promise<Spoke>;
}

const KEPT_MS = 3_600_000;
const MOST_KEPT = 5_000;

/** The client's own timeout bounds how long a first command waits; without an answer the name typed with it serves. */
export function createPeople(client: WebClient, log: Log, nowMs: () => number = Date.now): People {
  const known = new Map<string, { spoke: Spoke; at: number }>();
  return {
    async find(userId, fallbackName, team) {
      const kept = known.get(userId);
      if (kept !== undefined && nowMs() - kept.at < KEPT_MS) return kept.spoke;
      try {
        const { user } = await client.users.info({ user: userId });
        const spoke = spokeOf(userId, fallbackName, user ?? {}, team);
        if (known.size >= MOST_KEPT) known.clear();
        known.set(userId, { spoke, at: nowMs() });
        return spoke;
      } catch (error) {
        log.warn({ peer: 'slack' }, outsideError(error, 'users.info').message);
        return (
          kept?.spoke ?? {
            person: { id: `slack:${userId}`, name: fallbackName || userId },
            email: null,
            known: false,
            refused: null,
          }
        );
      }
    },
  };
}

interface SlackUser {
  team_id?: string;
  enterprise_user?: unknown;
  tz?: string;
  real_name?: string;
  name?: string;
  profile?: { display_name?: string; real_name?: string; email?: string };
  deleted?: boolean;
  is_bot?: boolean;
  is_restricted?: boolean;
  is_ultra_restricted?: boolean;
  is_stranger?: boolean;
}

function spokeOf(userId: string, fallbackName: string, user: SlackUser, team?: string): Spoke {
  const names = [
    user.profile?.display_name,
    user.profile?.real_name,
    user.real_name,
    user.name,
    fallbackName,
  ];
  const name = names.find((each) => each !== undefined && each !== '') ?? userId;
  const zone = user.tz !== undefined && isTimeZone(user.tz) ? { timeZone: user.tz } : {};
  const email = user.profile?.email ?? null;
  const person = { id: `slack:${userId}`, name, ...zone };
  return { person, email, known: true, refused: refusalOf(user, team) };
}

function refusalOf(user: SlackUser, team?: string): string | null {
  if (user.deleted === true) return 'This account is deactivated, so Muster does not listen to it.';
  if (user.is_bot === true) return 'Muster does not listen to other bots.';
  // In an Enterprise organisation one person has several workspaces; elsewhere another team is another company.
  const foreign =
    team !== undefined &&
    user.team_id !== undefined &&
    user.team_id !== team &&
    user.enterprise_user === undefined;
  const guest = user.is_restricted === true || user.is_ultra_restricted === true;
  if (guest || foreign || user.is_stranger === true) {
    return 'Guests and people of other workspaces cannot use Muster; ask a full member of this workspace.';
  }
  return null;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
