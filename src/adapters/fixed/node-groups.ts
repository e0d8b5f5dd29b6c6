/** Nodes that no API can add or remove: a rack, or a cloud that Muster may not touch. People do it. */
import { OutsideError } from '../../errors.js';
import type { NodeGroupsActor, NodeGroupsReader } from '../../ports.js';

export function createFixedNodeGroups(): NodeGroupsReader & NodeGroupsActor {
  const refuse = (tried: string) =>
    new OutsideError('fixed', tried, 'this fleet has a fixed set of nodes: change them by hand', {
      class: 'human',
      why: 'refused',
    });
  return {
    list: async () => [],
    grow: async (_target, zone, size) => {
      throw refuse(`grow zone ${zone} to ${size} nodes`);
    },
    remove: async (_target, zone, names) => {
      throw refuse(`remove ${names.length} nodes of zone ${zone}`);
    },
  };
}
