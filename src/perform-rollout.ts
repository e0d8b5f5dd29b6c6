/** Carries out one action of a rollout. Each may be repeated; what it achieved is read from the world by the next step. */
import type { FleetConfig } from './config.js';
import type { RolloutAction } from './core/rollout/state.js';
import type { Log, RolloutActor } from './ports.js';

export async function performRollout(
  action: Exclude<RolloutAction, { do: 'evaluate' }>,
  what: { fleet: FleetConfig; rolloutId: string },
  hands: { rollouts: RolloutActor; log: Log },
): Promise<void> {
  const { fleet, rolloutId } = what;
  const target = fleet.orchestrator;
  const about = { fleet: fleet.name, rollout: rolloutId };
  switch (action.do) {
    case 'pre-pull':
      return hands.rollouts.prepull(target, action.image, { rolloutId });
    case 'end-pre-pull':
      return hands.rollouts.endPrepull(target);
    case 'refill':
      hands.log.info({ ...about, zone: action.zone }, 'asking anew for workers that the zone lacks');
      return hands.rollouts.refill(target, action.zone);
    case 'release':
      hands.log.info({ ...about, zone: action.zone }, 'letting go of the zone');
      return hands.rollouts.release(target, action.zone);
    case 'update': {
      const { zone, node, image, most, workers } = action;
      const why = { rolloutId, most, ...(workers === undefined ? {} : { workers }) };
      const result = await hands.rollouts.update(target, zone, node, image, why);
      const outcome = result.kind === 'done' ? { replaced: result.replaced } : { blocked: result.by.detail };
      hands.log.info({ ...about, zone, node, image, most, ...outcome }, 'updating a node');
    }
  }
}
