/** New images, node after node. */
import type { Blocked } from '../core/model.js';
import type { FleetImages, PrepullSeen } from '../core/rollout/images.js';
import type { OrchestratorTarget } from './orchestrator.js';

export interface RolloutReader {
  images(target: OrchestratorTarget): Promise<FleetImages>;
  /** Nodes where the pre-pull of this image has begun; empty when it was never asked for. */
  prepulled(target: OrchestratorTarget, image: string): Promise<PrepullSeen[]>;
  /** The newest image other than `but` of which the orchestrator remembers that it was healthy. */
  lastHealthy(target: OrchestratorTarget, but: string): Promise<string | null>;
  /** The last lines that a worker wrote; null when there are none or they may not be read. */
  logTail(target: OrchestratorTarget, workerId: string, lines: number): Promise<string | null>;
}

export interface RolloutActor {
  /** Every node of the target shall hold the image ready. Repeating it is harmless. */
  prepull(target: OrchestratorTarget, image: string, why: { rolloutId: string }): Promise<void>;
  endPrepull(target: OrchestratorTarget): Promise<void>;
  /**
   * The workers of one node shall come up again with the image; at most `most` of them are told to stop by this call, one
   * at the least when the zone is not held yet. The zone is held by the rollout from then on; counts are preserved. A
   * repeat goes on where the last one stopped. Where the orchestrator itself began on another node of the zone, this call
   * stops nobody else: `images` shows where. `workers`: none but these of the node, and where they have ended they are
   * started anew at once, however long the orchestrator would still wait.
   */
  update(
    target: OrchestratorTarget,
    zone: string,
    nodeId: string,
    image: string,
    why: { rolloutId: string; most: number; workers?: string[] },
  ): Promise<
    { kind: 'done' /** Workers told to stop. */; replaced: number } | { kind: 'blocked'; by: Blocked }
  >;
  /** Workers that a held zone lacks are placed, as far as there is room; none when the new ones are not well. */
  refill(target: OrchestratorTarget, zone: string): Promise<void>;
  /**
   * Lets go of a zone whose workers are all of one image, and gives back what holding it had changed: a step a call, to be
   * repeated until the zone is not held any more.
   */
  release(target: OrchestratorTarget, zone: string): Promise<void>;
}
