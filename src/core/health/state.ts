/** What workers say of themselves beyond "running", and what Muster makes of it. */
import type { Millis } from '../model.js';

/** One slot's own words: the answer of one model-serving process. */
export interface SlotHealth {
  /** The model is in memory and takes requests. */
  modelLoaded: boolean;
  /** The device that it runs on works. */
  deviceHealthy: boolean;
  /** When a request last ended well, the worker's clock; null: none since it started. */
  lastSuccessAt: Millis | null;
  /** Requests that it holds now. */
  inFlight: number;
}

/** A worker that the orchestrator calls ready, and what it answered. */
export interface AskedWorker {
  /** The orchestrator's id. */
  id: string;
  zone: string;
  nodeId: string;
  /** How many slots it holds. */
  workers: number;
  /** One a slot, in an order that stays; fewer than `workers`: the others are unknown. null: no answer. */
  slots: (SlotHealth | null)[] | null;
}

/**
 * device: its device does not work. no-model: its model is not loaded. stuck: takes work and finishes none while others
 * do. silent: does not answer while others do. waits: may turn out to be stuck; it counts as running until it does.
 */
export type Illness = 'device' | 'no-model' | 'stuck' | 'silent' | 'waits';

/** One slot that is not well. */
export interface Ill {
  worker: string;
  zone: string;
  nodeId: string;
  slot: number;
  illness: Illness;
  /** First seen so. */
  since: Millis;
  /** It last answered then; null: never. */
  heardAt: Millis | null;
  lastSuccessAt: Millis | null;
  /** It lasts: people are told, and remedies fit. */
  confirmed: boolean;
}

/** Of a fleet at its newest look. */
export interface FleetHealth {
  v: 1;
  at: Millis;
  /** Slots of ready workers, and those of them that answered. */
  asked: number;
  answered: number;
  /** The oldest first, those that are only silent last; a bounded number. */
  ill: Ill[];
  /** Slots that run and do not serve, by zone; only zones that have some. */
  degraded: { zone: string; workers: number }[];
  /** So many take work and finish none, and hardly anybody finishes any: the cause is not one worker. */
  stalled: { since: Millis; busy: number; finishing: number } | null;
}

/** What is known of it between looks, one machine of the store a fleet. */
export interface HealthState extends FleetHealth {
  alert: { id: string; since: Millis /** Looks in a row at which nobody was ill. */; clear: number } | null;
}

export const HEALTH = 'health';

/** Does not serve: what it holds is no capacity. */
export const servesNothing = ({ illness }: Pick<Ill, 'illness'>): boolean =>
  illness === 'device' || illness === 'no-model' || illness === 'stuck';

/** What was known of a worker, or of all of them, stands so long while nothing newer is heard. */
export const REMEMBERED_MS = 600_000;

export const isFresh = (health: FleetHealth, now: Millis): boolean => now - health.at <= REMEMBERED_MS;
