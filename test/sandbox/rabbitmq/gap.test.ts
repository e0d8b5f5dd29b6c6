/** A trace with a gap, from the simulated requests over RabbitMQ's wire and the real adapter to what the app decides. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, test } from 'node:test';
import { createRabbitmqDemand } from '../../../src/adapters/rabbitmq/demand.js';
import { createApp, type Ports } from '../../../src/app.js';
import type { FleetConfig } from '../../../src/config.js';
import { SYNTHETIC_START_MS, sandboxFleets } from '../../../src/sandbox/fleets.js';
import { createRabbitmqStandIn } from '../../../src/sandbox/rabbitmq/stand-in.js';
import { createSimulatedWorld } from '../../../src/sandbox/simulated-world.js';
import { createTrafficView } from '../../../src/sandbox/traffic-view.js';
import { createMemoryQueue } from '../../../src/simulation/memory-queue.js';
import { createMemoryStore } from '../../../src/simulation/memory-store.js';
import {
  createSimulatedNodeGroups,
  createSimulatedOrchestrator,
} from '../../../src/simulation/orchestrator.js';
import { aContext } from '../../support/stand-in-context.js';

const MINUTE = 60_000;
const GAP = { from: 50, until: 75 };
const minutes = Array.from({ length: 130 }, (_, n) => (n >= GAP.from && n < GAP.until ? null : 600));
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const ends: (() => Promise<void>)[] = [];
after(() => Promise.all(ends.map((end) => end())));

async function aSandbox() {
  const fleets: FleetConfig[] = sandboxFleets()
    .slice(0, 1)
    .map((one) => ({ ...one, latency: null, policy: { ...one.policy, firstContactCycles: 0 } }));
  const { name } = fleets[0]!;
  const world = createSimulatedWorld({
    fleets,
    seed: 1,
    scale: 1,
    trace: { start: SYNTHETIC_START_MS, minutes },
  });
  const context = aContext(SYNTHETIC_START_MS);
  const standIn = await createRabbitmqStandIn({
    ...{ context, view: createTrafficView(world, [name]), user: 'u', password: 'p' },
  });
  ends.push(() => standIn.close());
  const clock = { now: () => context.now, speed: 1, sleep: async () => {} };
  const store = createMemoryStore(clock);
  const jobs = createMemoryQueue(clock);
  const twins = { cluster: world.cluster, clock };
  const ports: Ports = {
    ...{ clock, store, queue: jobs.queue, chat: null, pager: null, log: quiet, newId: () => 'id' },
    orchestrator: createSimulatedOrchestrator(twins),
    nodeGroups: createSimulatedNodeGroups(twins),
    demand: createRabbitmqDemand({ url: standIn.url, user: 'u', password: 'p', timeoutMs: 60_000 }),
    gauge: { gauge: async () => null },
    meter: { decided() {}, fleet() {}, peerFailed() {}, outbox() {}, job() {} },
    heartbeat: async () => {},
  };
  const app = createApp(ports, fleets, {
    ...{ holder: 'me', channel: '#ml-ops', command: '/muster', leaseMs: 60_000, maxOverrideSeconds: 86_400 },
  });
  await jobs.schedule(app.schedules());
  await jobs.work(app.handlers(), { concurrency: 1 });
  let minute = 0;
  return {
    asked: () => world.cluster.fleet(name).reduce((sum, zone) => sum + zone.desired, 0),
    newest: async () => (await store.decisions(name, 1))[0]!,
    async passTo(to: number) {
      for (; minute < to; minute += 1) {
        context.now = SYNTHETIC_START_MS + (minute + 1) * MINUTE + 1_000;
        world.advance(context.now);
        await jobs.settle();
      }
    },
  };
}

test('inside a gap of the trace the cycle holds and names the silent broker; after it the fleet follows the demand again', async () => {
  const sandbox = await aSandbox();
  const missing = async () =>
    (await sandbox.newest()).reasons.filter(({ code }) => code === 'hold-metrics-missing');
  await sandbox.passTo(GAP.from - 1);
  deepEqual(await missing(), []);
  const before = sandbox.asked();
  await sandbox.passTo(GAP.until - 1);
  const [reason] = await missing();
  ok(reason !== undefined && 'peer' in reason, 'the newest cycle was decided in the gap');
  equal(reason.peer, 'rabbitmq');
  equal(sandbox.asked(), before, 'nothing is cut in the dark');
  await sandbox.passTo(125);
  deepEqual(await missing(), []);
});
