/** The registry of remedies, in the order in which they are thought of: what removes the cause comes first. */
import { holdCuts } from './hold-cuts.js';
import { promote } from './promote.js';
import { raiseFloor } from './raise-floor.js';
import { recycleNode } from './recycle-node.js';
import { recycleWorker } from './recycle-worker.js';
import type { Remedy, Symptoms } from './remedy.js';
import { requeue } from './requeue.js';
import { rollBack } from './roll-back.js';
import { unwedge } from './unwedge.js';

export const remedies: readonly Remedy[] = [
  promote,
  unwedge,
  recycleNode,
  recycleWorker,
  rollBack,
  raiseFloor,
  holdCuts,
  requeue,
];

export function findRemedy(name: string): Remedy | undefined {
  return remedies.find((remedy) => remedy.name === name.toLowerCase());
}

/** A remedy that fits, why, and the words to say after its name. */
export interface Fit {
  remedy: Remedy;
  why: string;
  words: string[];
  /** Only a person may say it now. */
  doubtful: boolean;
}

/** Those that fit what is seen. */
export function fitting(seen: Symptoms): Fit[] {
  return remedies.flatMap((remedy) => {
    const why = remedy.fits(seen);
    return why === null
      ? []
      : [{ remedy, why, words: remedy.aim?.(seen) ?? [], doubtful: (remedy.doubt?.(seen) ?? null) !== null }];
  });
}

/** As one would type it. */
export const saidAs = (fleet: string, { remedy, words }: Pick<Fit, 'remedy' | 'words'>): string =>
  ['remedy', fleet, remedy.name, ...words].join(' ');
