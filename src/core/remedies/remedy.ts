/**
 * A remedy: a scripted action for a common incident. It is pure: from what is seen and some words it makes a plan, a list
 * of small, absolute steps; the job carries them out under the fleet's lease, and any of them may be repeated.
 */
import type { Role } from '../access.js';
import type { FleetHealth } from '../health/state.js';
import type { Freeze, Millis, NodeSeen, Override, ZoneSeen } from '../model.js';

/** Everything a remedy may depend on; unknown is null. */
export interface Symptoms {
  fleet: string;
  now: Millis;
  zones: ZoneSeen[] | null;
  nodes: NodeSeen[] | null;
  /** Ids of the nodes that a maintenance takes out or keeps out; none where nobody asked for the nodes. */
  maintained: string[];
  workers:
    | {
        id: string;
        zone: string;
        nodeId: string;
        state: 'ready' | 'starting' | 'draining';
        /** How many it holds. */
        workers: number;
      }[]
    | null;
  desired: number | null;
  ceiling: number;
  override: Override | null;
  /** The override, when it keeps the fleet below what it would have without it. */
  heldBelow: Override | null;
  /** Open ones, of this fleet or of all. */
  freezes: Freeze[];
  /** The latency alert while it fires. */
  alertSince: Millis | null;
  /** The newest rollout; `canGoBack`: it was not taken back yet, and nobody is at it. */
  rollout: { image: string; at: Millis; open: boolean; ended: Millis | null; canGoBack: boolean } | null;
  /** What workers say of themselves; null: nobody asks them, or not lately. */
  health: FleetHealth | null;
  /** Messages in the fleet's dead-letter queue; null: none is configured, or it was not asked. */
  deadLetters: number | null;
}

export type RemedyStep =
  | { do: 'stop-worker'; worker: string; zone: string }
  | { do: 'drain-node'; node: string; name: string; zone: string }
  /** When the drain is over the node takes work again. */
  | { do: 'return-node'; node: string; name: string; zone: string }
  | { do: 'fail-deployment'; zone: string; deployment: string }
  | { do: 'promote'; zone: string; deployment: string }
  /** Back to what version `to` of the zone's job ran; it is to run what `from` ran until then, null: anything. */
  | { do: 'revert'; zone: string; from: number | null; to: number }
  /** A command, by the one road of people's words, in the name of who asked. */
  | { do: 'say'; text: string }
  | { do: 'requeue'; most: number };

export interface RemedyPlan {
  kind: 'plan';
  steps: RemedyStep[];
  /** What will happen, one sentence a line. */
  lines: string[];
}

/** `why` is a whole sentence for the person who asked. */
export interface NoRemedy {
  kind: 'none';
  why: string;
}

export interface Remedy {
  name: string;
  /** The words of its button. */
  label: string;
  summary: string;
  /** After its name: '[worker]'. */
  usage: string;
  /** What it touches at the most. */
  blast: string;
  role: Role;
  /** True when serving capacity falls meanwhile. */
  falls: boolean;
  /** Why it fits what is seen; null: it does not, or nobody can say. */
  fits(seen: Symptoms): string | null;
  /** Why only a person may say it now, although it fits; absent or null: Muster may, too, where it is allowed. */
  doubt?(seen: Symptoms): string | null;
  /** The words that it fits with, so that a button means the same later; absent: it needs none. */
  aim?(seen: Symptoms): string[];
  plan(words: string[], seen: Symptoms): RemedyPlan | NoRemedy;
}

export const none = (why: string): NoRemedy => ({ kind: 'none', why });
export const planned = (steps: RemedyStep[], lines: string[]): RemedyPlan => ({ kind: 'plan', steps, lines });
