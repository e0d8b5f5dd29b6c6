/** The registry of remedies, in the order in which they are thought of: what removes the cause comes first. */
import { holdCuts } from './hold-cuts.js';
import { raiseFloor } from './raise-floor.js';
import { recycleNode } from './recycle-node.js';
import { recycleWorker } from './recycle-worker.js';
import type { Remedy, Symptoms } from './remedy.js';
import { requeue } from './requeue.js';
import { rollBack } from './roll-back.js';
import { unwedge } from './unwedge.js';

export const remedies: readonly Remedy[] = [
  unwedge,
  rollBack,
  raiseFloor,
  holdCuts,
  requeue,
  recycleWorker,
  recycleNode,
];

export function findRemedy(name: string): Remedy | undefined {
  return remedies.find((remedy) => remedy.name === name.toLowerCase());
}

/** Those that fit what is seen, each with the reason. */
export function fitting(seen: Symptoms): { remedy: Remedy; why: string }[] {
  return remedies.flatMap((remedy) => {
    const why = remedy.fits(seen);
    return why === null ? [] : [{ remedy, why }];
  });
}
