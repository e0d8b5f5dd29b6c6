import type { Millis, Person } from './model.js';
import type { Risk } from './plan.js';

/**
 * A risky change that waits for a click:
 *
 *   waiting --> approved | declined | expired | overtaken (the fleet changed meanwhile)
 *
 * It is stored intent, not a promise: authority, expiry and versions are looked at again at the click.
 */
export interface Proposal {
  v: 1;
  action: string;
  /** The words that are heard again once it is approved. */
  said: string;
  by: Person;
  /** Each fleet's version when it was planned. */
  versions: Record<string, number>;
  risks: Risk[];
  numbers: Record<string, string | number | null>;
  /** True when somebody else has to approve. */
  second: boolean;
  /** Machine clock: people click on it. */
  expires: number;
  /** Channels with a message of its own. */
  postedIn: string[];
  outcome: 'waiting' | 'approved' | 'declined' | 'expired' | 'overtaken';
  decidedBy: Person | null;
  decidedAt: Millis | null;
}

/** Machine time. */
export const PROPOSAL_MS = 300_000;
/** More that wait at once are a mistake or an attack. */
export const MOST_PROPOSALS = 50;
