/** Which worker, or which node, is to be recycled: what lasts, the node where all of its workers are ill. */
import { badWords } from '../foreign.js';
import { type Ill, type Illness, servesNothing } from '../health/state.js';
import { lasting } from '../health/watch.js';
import type { Symptoms } from './remedy.js';

export interface IllNode {
  node: string;
  zone: string;
  slots: number;
}

/** Nobody is recycled for a common cause: the next ones would meet it, too. */
const mayRecycle = ({ health }: Symptoms): boolean => health !== null && health.stalled === null;

/** Whose successor comes up with an image that is not proven is a person's to recycle; the rollout has its own way back. */
export function unprovenSuccessor({ rollout, zones }: Symptoms): string | null {
  if (rollout?.open === true)
    return 'a rollout is under way, and its successor may come up with the new image';
  const bad = zones?.find((zone) => zone.bad !== undefined)?.bad;
  return bad === undefined ? null : `${badWords(bad)}, and the next worker may come up with it`;
}

/** The oldest ill worker whose node has others that serve. */
export function illWorker(seen: Symptoms): (Ill & { illness: Illness }) | null {
  if (seen.health === null || !mayRecycle(seen)) return null;
  const nodes = nodesThatServeNothing(seen);
  const here = placed(seen);
  return (
    lasting(seen.health).find((one) => here(one.worker) && !nodes.some(({ node }) => node === one.nodeId)) ??
    null
  );
}

/** A node on which every worker is ill, where recycling them one by one is slower or no help. */
export function illNode(seen: Symptoms): IllNode | null {
  if (seen.health === null || !mayRecycle(seen)) return null;
  return nodesThatServeNothing(seen)[0] ?? null;
}

/**
 * All of its workers are ill and last so. One allocation whose workers are stuck is recycled as a worker: all that the
 * node holds starts anew with it. A device that does not work is the node's matter, however many workers share it.
 */
function nodesThatServeNothing({ health, workers, nodes }: Symptoms): IllNode[] {
  if (health === null) return [];
  const byNode = new Map<string, Ill[]>();
  for (const one of lasting(health).filter(servesNothing))
    byNode.set(one.nodeId, [...(byNode.get(one.nodeId) ?? []), one]);
  return [...byNode].flatMap(([node, ill]): IllNode[] => {
    const zone = ill[0]?.zone ?? '';
    const slots = slotsOn(node, workers, nodes);
    if (slots === null || ill.length < slots) return [];
    const units = new Set(ill.map(({ worker }) => worker)).size;
    const isDevice = ill.every(({ illness }) => illness === 'device');
    return isDevice || units > 1 ? [{ node, zone, slots }] : [];
  });
}

/** Ready workers on the node; null: nobody says. */
function slotsOn(node: string, workers: Symptoms['workers'], nodes: Symptoms['nodes']): number | null {
  const here = workers?.filter((one) => one.nodeId === node && one.state === 'ready');
  if (here !== undefined) return here.reduce((sum, one) => sum + one.workers, 0);
  return nodes?.find(({ id }) => id === node)?.workers ?? null;
}

const placed =
  ({ workers }: Symptoms) =>
  (id: string): boolean =>
    workers === null || workers.some((one) => one.id === id && one.state !== 'draining');
