/** What a rollout remembers between its steps: plain JSON, one machine in the store. */
import type { Freeze, Millis, Missing, NodeSeen, Person, Sample, ZoneSeen } from '../model.js';
import type { FleetImages, PrepullSeen } from './images.js';

/**
 *   plan -> pre-pull -> golden -> soak -> rest -> verify -> done
 *     |        |          |         |       |        |        |
 *     |        |          +---------+-------+--------+--------+--> rolling-back -> rolled-back
 *     +--------+--> aborted (nothing was touched yet)
 *
 * golden: the workers of one node get the image, and nobody else's before they are healthy and the soak is over. A bad
 * golden node rolls back by itself; later trouble pauses. `paused` lies over any phase before the last column: nothing
 * new is begun while it is set. A pause for a freeze or for missing numbers lifts itself, the others wait for a person.
 */
export type Phase =
  | 'plan'
  | 'pre-pull'
  | 'golden'
  | 'soak'
  | 'rest'
  | 'verify'
  | 'rolling-back'
  | 'done'
  | 'rolled-back'
  | 'aborted';

export type Pause =
  | { why: 'person'; at: Millis; by: Person }
  | { why: 'slo-breach'; at: Millis; p95Seconds: number; objectiveSeconds: number }
  | { why: 'workers-unhealthy'; at: Millis; nodes: string[] }
  | { why: 'not-in-time'; at: Millis; nodes: string[] }
  | { why: 'pull-failed'; at: Millis; nodes: string[]; detail: string | null }
  | { why: 'metrics-missing'; at: Millis; what: string }
  | { why: 'freeze'; at: Millis; by: string; reason: string; until: Millis };

/** Why nothing, or something, was done in a step. Tests compare codes; views/rollout.ts makes sentences. */
export type RolloutReason =
  | { code: 'nothing-to-do' }
  | { code: 'no-way-back' }
  | { code: 'waits-for-scaling'; detail: string }
  | { code: 'waits-for-pull'; present: number; nodes: number }
  | { code: 'waits-for-capacity'; ready: number; need: number | null; surge: number; until: Millis | null }
  | { code: 'waits-for-workers'; starting: number }
  | { code: 'waits-for-maintenance'; nodes: string[] }
  | { code: 'soaking'; until: Millis }
  | { code: 'updating'; node: string; most: number }
  | { code: 'going-back'; node: string }
  | { code: 'blocked'; zone: string; detail: string }
  | { code: 'paused'; why: Pause['why'] };

export interface NodeLine {
  id: string;
  name: string;
  zone: string;
  state: 'waiting' | 'pulling' | 'pulled' | 'pull-failed' | 'updating' | 'updated' | 'failed';
  /** Workers on it with the rollout's image that are ready, and all its workers. */
  done: number;
  workers: number;
}

export interface RolloutState {
  v: 1;
  id: string;
  fleet: string;
  image: string;
  /** The last image that was healthy: where a rollback leads. null until it is planned. */
  from: string | null;
  by: Person;
  at: Millis;
  soakSeconds: number;
  /** Nodes at once, after the golden one. */
  batch: number;
  phase: Phase;
  phaseAt: Millis;
  paused: Pause | null;
  /** A person resumed in spite of a breach or of unhealthy workers: they are not held against it before then. */
  tolerateUntil: Millis | null;
  /** What is not held against it: the cause of the pause that was ended. Absent in older records: any. */
  tolerated?: Pause['why'];
  /** Some worker was told to stop: from now on the way out is a rollback. */
  touched: boolean;
  /** `workers`: how many of other images it ran when it was chosen; absent in older records. */
  golden: { node: string; name: string; zone: string; workers?: number } | null;
  /** Nodes that are being updated, and since when. */
  current: string[];
  currentSince: Millis | null;
  lastZone: string | null;
  /** Workers asked for on top of the need while it runs. */
  surge: number;
  /** When the scaler was last asked for them. */
  askedAt: Millis | null;
  /** What a peer says no to, which only a person can change (a right that lacks, say); absent: nothing. */
  refusal?: string;
  /** A pull that failed is begun anew. */
  pullsAnew?: true;
  /** When missing workers of a held zone were last asked for anew. */
  refilledAt?: Millis;
  /** What went wrong, with the last words of a failed worker. */
  failure: { why: string; node: string | null; log: string | null } | null;
  /** Who asked for the way back; null when it was Muster itself. */
  backBy: Person | null;
  nodes: NodeLine[];
  reasons: RolloutReason[];
}

/** The world, as far as a rollout depends on it. */
export interface RolloutSeen {
  nodes: NodeSeen[];
  zones: ZoneSeen[];
  images: FleetImages;
  prepulled: PrepullSeen[];
  /** What the orchestrator remembers as healthy, apart from the rollout's image. */
  lastHealthy: string | null;
  /** The newest minutes, oldest first, and what of the present one is missing. */
  recent: Sample[];
  missing: Missing[];
  /** Ready workers of other images that do not serve; absent: none is known. */
  ill?: number;
  /** Workers that forecast and demand need within the horizon; null: unknown. */
  need: number | null;
  /** When less is needed again, as far as the forecast sees. */
  valleyAt: Millis | null;
  /** Nodes (ids) that a maintenance has begun to take out, until they are back. */
  maintained?: string[];
  /** Those open now. */
  freezes: Freeze[];
  /** `converge` still carries out a decision. */
  applying: boolean;
  /** The last lines of a failed worker. */
  log: string | null;
}

export type RolloutAction =
  | { do: 'pre-pull'; image: string }
  | { do: 'end-pre-pull' }
  /** `workers`: these alone, which serve nobody (the orchestrator's ids); absent: any of the node. */
  | { do: 'update'; zone: string; node: string; image: string; most: number; workers?: string[] }
  | { do: 'release'; zone: string }
  /** A held zone lacks workers, and nobody brings them. */
  | { do: 'refill'; zone: string }
  /** The scaler shall decide now: the surge is part of its need. */
  | { do: 'evaluate' };

export interface RolloutStep {
  state: RolloutState;
  actions: RolloutAction[];
  reasons: RolloutReason[];
}

const ENDS: Phase[] = ['done', 'rolled-back', 'aborted'];
export const isOver = (state: RolloutState): boolean => ENDS.includes(state.phase);

export function newRollout(ask: {
  id: string;
  fleet: string;
  image: string;
  by: Person;
  at: Millis;
  soakSeconds: number;
  batch: number;
}): RolloutState {
  return {
    v: 1,
    ...ask,
    from: null,
    phase: 'plan',
    phaseAt: ask.at,
    paused: null,
    tolerateUntil: null,
    touched: false,
    golden: null,
    current: [],
    currentSince: null,
    lastZone: null,
    surge: 0,
    askedAt: null,
    failure: null,
    backBy: null,
    nodes: [],
    reasons: [],
  };
}

/** As the store keeps it; while it is open it holds the fleet. */
export function storedRollout(state: RolloutState, rev: number, at: Millis) {
  const { id, fleet } = state;
  const open = !isOver(state);
  const machine = { v: 1 as const, kind: 'rollout', id, fleet, rev, open, at, state };
  return open ? { ...machine, holds: { surge: state.surge } } : machine;
}
