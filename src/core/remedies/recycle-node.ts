import { isMaintenanceMark } from '../maintenance/state.js';
import { illNode, unprovenSuccessor } from './ill.js';
import { none, planned, type Remedy, type Symptoms } from './remedy.js';

/** A node whose device or disk misbehaves: its work leaves, and it takes work again once it is empty. */
export const recycleNode: Remedy = {
  name: 'recycle-node',
  label: 'Drain and recycle a node',
  summary: 'Drains one node, moves its workers elsewhere, and lets it take work again once it is empty.',
  usage: '<node>',
  blast: 'the workers of one node, until their successors serve',
  role: 'operator',
  falls: true,
  fits(seen) {
    const ill = illNode(seen);
    if (ill === null || seen.maintained.includes(ill.node)) return null;
    return `none of the ${ill.slots} workers on node ${nameOf(ill.node, seen)} in ${ill.zone} serves`;
  },
  doubt: unprovenSuccessor,
  aim(seen) {
    const ill = illNode(seen);
    return ill === null ? [] : [ill.node];
  },
  plan([said], seen) {
    const { nodes, fleet } = seen;
    const wanted = said ?? illNode(seen)?.node;
    if (nodes === null) return none(`Nobody says just now which nodes ${fleet} has.`);
    if (wanted === undefined) {
      const some = nodes
        .slice(0, 8)
        .map(({ name, zone, workers }) => `${name} (${zone}, ${workers} workers)`);
      return none(`Which node? ${some.join(', ')}.`);
    }
    const node = nodes.find(({ name, id }) => name === wanted || id === wanted);
    if (node === undefined) return none(`${fleet} has no node “${wanted.slice(0, 60)}”.`);
    const isMaintained = node.drain !== null && isMaintenanceMark(node.drain.decisionId);
    if (isMaintained || seen.maintained.includes(node.id))
      return none(
        `${node.name} is under maintenance: it may be stopped soon, and takes work again when that is over.`,
      );
    const other = nodes.find(
      ({ id, drain, eligible }) => id !== node.id && drain !== null && !drain.done && !eligible,
    );
    if (other !== undefined)
      return none(`${other.name} is being drained: never two nodes of a fleet at once.`);
    const about = { node: node.id, name: node.name, zone: node.zone };
    return planned(
      [
        { do: 'drain-node', ...about },
        { do: 'return-node', ...about },
      ],
      [
        `${node.name} in ${node.zone} takes no new work, and its ${node.workers} workers leave within five minutes.`,
        'Their successors start where there is room. Once it is empty the node takes work again.',
      ],
    );
  },
};

const nameOf = (id: string, { nodes }: Symptoms): string =>
  nodes?.find((node) => node.id === id)?.name ?? id.slice(0, 8);
