/** Everything the bot talks to, one of each for all its processes, watched: store, queue, cluster, metrics, chat, pager. */
import type { Ports } from '../../app.js';
import type { FleetConfig } from '../../config.js';
import { OutsideError } from '../../errors.js';
import type { Store } from '../../ports.js';
import { createMemoryQueue, type MemoryQueue } from '../memory-queue.js';
import { createMemoryStore } from '../memory-store.js';
import { createSimulatedNodeGroups, createSimulatedOrchestrator } from '../orchestrator.js';
import { createRandom, seedFor } from '../random.js';
import { createSimulatedRollouts } from '../rollouts.js';
import { createPagerTwin, createWorkspace, type PagerTwin, type Workspace } from './chat.js';
import type { Faults } from './faults.js';
import { createPagerDuty, type PagerDuty } from './full/pagerduty.js';
import { createMetrics } from './metrics.js';
import type { ProcessSpec } from './process.js';
import { isLate } from './replicas.js';
import { touchedOrchestrator, touchedRollouts } from './touches.js';
import type { Truth } from './truth.js';
import { watchedNodeGroups, watchedOrchestrator, watchedStore } from './watched.js';

export interface Peers {
  store: Store;
  queue: MemoryQueue;
  workspace: Workspace;
  pager: PagerTwin;
  /** Only on a full day. */
  pagerduty: PagerDuty | null;
  /** The ports of one process, without faults. */
  ports: ProcessSpec['bare'];
}

const LOCK_MS = 30_000;

export interface PeersSpec {
  /** Of a full day's pager, which talks back; null: a plain day. */
  pagerdutySeed: number | null;
  plantStore?: ((store: Store) => Store) | undefined;
}

/** `deliveredTwice`: called whenever the queue hands out a job a second time. */
export function createPeers(
  truth: Truth,
  fleets: FleetConfig[],
  faults: Faults,
  deliveredTwice: () => void,
  { pagerdutySeed, plantStore = (store) => store }: PeersSpec,
): Peers {
  const { world } = truth;
  const store = plantStore(createMemoryStore(world));
  const queue = createMemoryQueue(world, { lockMs: LOCK_MS });
  queue.deliverTwice(() => {
    const twice = faults.deliversTwice();
    if (twice) deliveredTwice();
    return twice;
  });
  const workspace = createWorkspace(truth);
  const pagerduty =
    pagerdutySeed === null
      ? null
      : createPagerDuty(truth, createRandom(seedFor(pagerdutySeed, 'pagerduty')), queue.queue.enqueue);
  const pager = pagerduty ?? createPagerTwin(truth);
  const metrics = createMetrics(world, fleets, faults, truth);
  const clock = { now: world.now, speed: 1, sleep: async () => {} };
  const orchestrator = createSimulatedOrchestrator({ cluster: world.cluster, clock });
  const nodeGroups = createSimulatedNodeGroups({ cluster: world.cluster, clock });
  const rollouts = createSimulatedRollouts({ cluster: world.cluster, clock });
  const log = complaintsOnly(truth);
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `id${ids}`;
  };
  return {
    ...{ store, queue, workspace, pager, pagerduty },
    ports: (view) => ({
      ...(pagerduty === null
        ? {}
        : {
            rollouts: touchedRollouts(rollouts, truth, view),
            incidents: pagerduty.incidents,
            directory: pagerduty.directory,
          }),
      store: watchedStore(store, truth, view),
      queue: queue.queue,
      orchestrator: watchedOrchestrator(touchedOrchestrator(orchestrator, truth, view), truth, view),
      nodeGroups: watchedNodeGroups(nodeGroups, fleets, truth, view),
      demand: metrics.demand,
      gauge: metrics.gauge,
      chat: workspace.chat,
      pager: pager.pager,
      meter: SILENT_METER,
      log,
      newId,
      heartbeat: async () => {},
    }),
  };
}

/** Errors that no fault explains are told; all else that the app logs is let go. */
const complaintsOnly = (truth: Truth): Ports['log'] => ({
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (fields: object, message: string) => {
    const error = 'error' in fields ? fields.error : null;
    if (!(error instanceof OutsideError) && error instanceof Error && !isLate(error))
      truth.tell({ kind: 'complained', message, error });
  },
});

const SILENT_METER: Ports['meter'] = {
  decided() {},
  fleet() {},
  peerFailed() {},
  outbox() {},
  job() {},
};
