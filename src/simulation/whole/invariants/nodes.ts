/** Which nodes are asked for and which may go. */
import type { Invariant } from './invariant.js';
import { acted, placedIn } from './words.js';

export const nodesAsked: Invariant = {
  name: 'nodes-asked',
  says: 'A node group grows to what the decision’s workers fill, besides nodes that take no work.',
  watch: (truth) => ({
    act: (event) => {
      if (event.what !== 'grow') return null;
      const workers = placedIn(truth.decision(event.decisionId)?.value, event.zone);
      const unusable = truth.world.cluster
        .vms(`${event.fleet}-${event.zone}`)
        .filter((vm) => !vm.eligible || vm.state !== 'ready').length;
      const most = Math.ceil(workers / truth.policy(event.fleet).slotsPerNode) + unusable;
      return event.asked <= Math.max(most, event.before) ? null : `${acted(event)}, ${most} would do`;
    },
  }),
};

export const emptyNodesOnly: Invariant = {
  name: 'empty-nodes-only',
  says: 'Only nodes without workers are drained and removed.',
  watch: () => ({
    act: (event) =>
      (event.what === 'remove' || event.what === 'drain') && event.workers > 0
        ? `${acted(event)} with ${event.workers} workers on it`
        : null,
  }),
};
