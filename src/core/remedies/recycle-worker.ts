import { ILLNESS_WORDS } from '../health/words.js';
import { illWorker, unprovenSuccessor } from './ill.js';
import { none, planned, type Remedy } from './remedy.js';

/** Enough of an id to name one worker of a fleet. */
const SHORT_ID = 12;

/** A worker that takes work and finishes none, or answers wrongly: another one is started in its place. */
export const recycleWorker: Remedy = {
  name: 'recycle-worker',
  label: 'Recycle a worker',
  summary: 'Stops one worker; the orchestrator starts another in its place and the count stays.',
  usage: '<worker>',
  blast: 'one allocation, until its successor serves',
  role: 'operator',
  falls: true,
  fits(seen) {
    const ill = illWorker(seen);
    return ill === null
      ? null
      : `worker ${ill.worker.slice(0, 8)} in ${ill.zone} ${ILLNESS_WORDS[ill.illness]}`;
  },
  doubt(seen) {
    if (illWorker(seen)?.illness === 'silent') return 'it may serve, and only not say so';
    return unprovenSuccessor(seen);
  },
  aim(seen) {
    const ill = illWorker(seen);
    return ill === null ? [] : [ill.worker.slice(0, SHORT_ID)];
  },
  plan([said], seen) {
    const { workers, fleet } = seen;
    const wanted = said ?? illWorker(seen)?.worker;
    if (workers === null) return none(`Nobody says just now which workers ${fleet} has.`);
    const running = workers.filter(({ state }) => state !== 'draining');
    if (wanted === undefined) {
      const some = running.slice(0, 8).map(({ id, zone, state }) => `${id.slice(0, 8)} (${zone}, ${state})`);
      return none(`Which worker? Name the start of its id, eight letters will do: ${some.join(', ')}.`);
    }
    const found = running.filter(({ id }) => id.startsWith(wanted.toLowerCase()));
    const [one] = found;
    if (one === undefined)
      return none(`${fleet} has no running worker whose id begins with “${wanted.slice(0, 40)}”.`);
    if (found.length > 1) return none(`${found.length} workers begin with “${wanted}”: name more of the id.`);
    const ready = running.filter(({ state, zone }) => state === 'ready' && zone === one.zone);
    const last =
      one.state === 'ready' && ready.length === 1 ? [`It is the last ready one of ${one.zone}.`] : [];
    return planned(
      [{ do: 'stop-worker', worker: one.id, zone: one.zone }],
      [
        `Worker ${one.id.slice(0, 8)} in ${one.zone} (${one.state}) is stopped, and another is started.`,
        ...last,
      ],
    );
  },
};
