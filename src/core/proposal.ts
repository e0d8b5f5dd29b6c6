import type { Millis, Person } from './model.js';
import type { Risk } from './plan.js';

/**
 * A risky change that waits for a click:
 *
 *   waiting --> approved --> done: its words were heard again
 *           \-> declined | expired | overtaken (the fleet changed meanwhile)
 *
 * It is stored intent, not a promise: authority, expiry and versions are looked at again at the click. It stays open until
 * it is done, so that what was approved outlives the process that took the click.
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
  /** Approved, and not carried out as far as anybody noted. Absent: settled, or waiting. */
  undone?: true;
}

/** Machine time. */
export const PROPOSAL_MS = 300_000;
/** More that wait at once are a mistake or an attack. */
export const MOST_PROPOSALS = 50;
/** An approval is good for so long after the proposal would have expired; later nobody counts on it any more. Machine time. */
export const APPROVED_MS = 600_000;
/** Whoever carries an approval out has so long until another may take it up: every peer's answer is limited to far less. Machine time. */
export const CARRYING_MS = 60_000;

/** Waits for a click. */
export const isWaiting = ({ outcome }: Pick<Proposal, 'outcome'>): boolean => outcome === 'waiting';

/** What an approved proposal makes bears this id, whoever carries it out. */
export const madeBy = (proposal: string): string => `by-${proposal}`;
