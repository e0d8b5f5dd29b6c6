/** One thread of the many days: runs its seeds and posts what broke. */
import { parentPort, workerData } from 'node:worker_threads';
import { runWhole } from '../../src/simulation/whole/run.js';

const { seeds } = workerData as { seeds: number[] };
for (const seed of seeds) {
  const { broken, decisions, digest } = await runWhole({ seed, days: 1 });
  parentPort?.postMessage({ seed, broken, decisions, digest });
}
