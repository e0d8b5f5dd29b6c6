/** Which image runs where: what a rollout sees of the world. */

import type { Illness } from '../health/state.js';

/** One unit that the orchestrator starts and stops as a whole (an allocation, a pod). */
export interface WorkerImage {
  id: string;
  zone: string;
  /** The orchestrator's id of its node. */
  node: string;
  /** How many workers it holds. */
  workers: number;
  /** null: the orchestrator no longer knows. */
  image: string | null;
  state: 'ready' | 'starting' | 'failed' | 'stopping';
  /** What it says of itself, when that is why it is not ready. */
  ill?: Illness;
}

export interface ZoneImage {
  zone: string;
  /** What a worker that starts now comes up with. */
  image: string;
  /** A rollout holds the zone, until it is released: its workers are replaced by `update` alone. */
  held: boolean;
}

export interface FleetImages {
  zones: ZoneImage[];
  /** A zone's workers in the order in which the orchestrator would replace them by itself. */
  workers: WorkerImage[];
}

/** How far a node is with holding an image ready. */
export interface PrepullSeen {
  zone: string;
  node: string;
  state: 'pulling' | 'present' | 'failed';
  detail: string | null;
}
