/**
 * The whole bot over the simulated world of one fleet, in memory: time moves from job to job, the bot can be killed at
 * any call that it makes, and a new one goes on with what is stored.
 */
import { type App, createApp, type Ports } from '../../src/app.js';
import type { FleetConfig } from '../../src/config.js';
import type { MaintenanceState } from '../../src/core/maintenance/state.js';
import type { OutboxRow, PagerEvent } from '../../src/core/message.js';
import type { Store, StoredMachine } from '../../src/ports.js';
import { sandboxFleet } from '../../src/sandbox/fleets.js';
import { createSimulatedWorld } from '../../src/sandbox/simulated-world.js';
import type { SimVm } from '../../src/simulation/cluster/state.js';
import { Crashed, createMemoryQueue } from '../../src/simulation/memory-queue.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { createSimulatedNodeGroups, createSimulatedOrchestrator } from '../../src/simulation/orchestrator.js';

export const MINUTE = 60_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const meter = { decided() {}, fleet() {}, peerFailed() {}, outbox() {}, job() {} };

export type Call = `${'store' | 'queue' | 'orchestrator' | 'nodeGroups'}.${string}`;

export interface MaintainedWorld {
  fleet: FleetConfig;
  store: Store;
  cluster: ReturnType<typeof createSimulatedWorld>['cluster'];
  now(): number;
  /** Runs the bot and the world for so many minutes, or until the condition holds; false when it never did. */
  pass(minutes: number, until?: () => boolean | Promise<boolean>): Promise<boolean>;
  /** Somebody says this to the bot. */
  say(text: string): ReturnType<App['handle']>;
  /** A watcher's report of a stop in so many minutes. */
  hear(vm: SimVm, inMinutes: number | null): Promise<void>;
  /** The cloud announces it and a watcher reports it. */
  announce(vm: SimVm, inMinutes: number, downMinutes: number | null): Promise<void>;
  vms(): SimVm[];
  vm(name: string): SimVm | undefined;
  machines(): Promise<StoredMachine<MaintenanceState>[]>;
  phaseOf(vm: SimVm): Promise<string | null>;
  /** Late requests since the world began, and all. */
  late(): { arrivals: number; late: number };
  ready(): number;
  /** The bot dies at the next call that this holds for, and a new one starts. */
  dieAt(wanted: ((call: Call, args: unknown[]) => boolean) | null): void;
  deaths(): number;
  posted: OutboxRow[];
  paged: PagerEvent[];
  /** Every call that changed the cluster, as 'method target'. */
  acts: { at: number; call: string; target: string }[];
}

export function aMaintainedWorld(
  options: { seed?: number; fleet?: Partial<FleetConfig> } = {},
): MaintainedWorld {
  const fleet = { ...sandboxFleet('face-match')!, ...options.fleet };
  const simulation = createSimulatedWorld({
    fleets: [fleet],
    seed: options.seed ?? 7,
    scale: 0.5,
    trace: null,
  });
  const { cluster } = simulation;
  let now = simulation.startsAt;
  const clock = { now: () => now, speed: 1, sleep: async () => {} };
  const queue = createMemoryQueue(clock);
  const store = createMemoryStore({ now: () => now });
  const posted: OutboxRow[] = [];
  const paged: PagerEvent[] = [];
  const acts: MaintainedWorld['acts'] = [];
  let fatal: ((call: Call, args: unknown[]) => boolean) | null = null;
  let dead = false;
  let deaths = 0;
  let ids = 0;

  const gated = <P extends object>(peer: string, port: P): P =>
    Object.fromEntries(
      Object.entries(port).map(([method, act]) => [
        method,
        async (...args: unknown[]) => {
          if (dead) throw new Crashed();
          const answer = await (act as (...all: unknown[]) => Promise<unknown>)(...args);
          if (fatal?.(`${peer}.${method}` as Call, args) !== true) return answer;
          fatal = null;
          dead = true;
          deaths += 1;
          throw new Crashed();
        },
      ]),
    ) as P;
  const twins = { cluster, clock };
  const orchestrator = createSimulatedOrchestrator({
    ...twins,
    fault: async ({ method, zone }) => {
      if (['scale', 'drain', 'cordon', 'uncordon'].includes(method))
        acts.push({ at: now, call: method, target: zone ?? '' });
      return 'pass';
    },
  });
  const sees = () => simulation.traffic.fleet(fleet.name);
  const ports: Ports = {
    clock,
    store: gated('store', store),
    queue: gated('queue', queue.queue),
    orchestrator: gated('orchestrator', orchestrator),
    nodeGroups: gated('nodeGroups', createSimulatedNodeGroups(twins)),
    demand: {
      demand: async () => ({
        at: simulation.traffic.now,
        requestsPerSecond: sees().requestsPerSecond,
        backlog: Math.round(sees().backlog),
        oldestAgeSeconds: sees().oldestAgeSeconds,
        consumers: null,
      }),
    },
    gauge: {
      gauge: async () => {
        const value = simulation.traffic.window(fleet.name, 60).p95Seconds;
        return value === null ? null : { at: simulation.traffic.now, value };
      },
    },
    chat: {
      post: async (row) => {
        posted.push(row);
        return { channel: row.channel, ts: String(posted.length) };
      },
      update: async (_ref, row) => void posted.push(row),
      reply: async (ref) => ref,
      find: async () => null,
    },
    pager: { send: async (event) => void paged.push(event) },
    meter,
    log: quiet,
    newId: () => `id-${++ids}`,
    heartbeat: async () => {},
  };
  const start = (): App =>
    createApp(ports, [fleet], {
      holder: `bot-${deaths}`,
      channel: fleet.channel,
      command: '/muster',
      leaseMs: 4_000,
      maxOverrideSeconds: 86_400,
    });
  let app = start();
  const begin = async () => {
    await queue.schedule(app.schedules());
    await queue.work(app.handlers(), { concurrency: 1 });
  };
  let begun = begin();
  const settle = async () => {
    await begun;
    while ((await queue.next()) !== null) {
      if (!dead) continue;
      dead = false;
      app = start();
      begun = begin();
      await begun;
    }
  };
  const machines = async () => (await store.machines('maintenance')) as StoredMachine<MaintenanceState>[];
  const hear = async (vm: SimVm, inMinutes: number | null) =>
    queue.queue.enqueue(
      'notice',
      {
        v: 1,
        node: vm.name,
        event: inMinutes === null ? 'NONE' : 'TERMINATE_ON_HOST_MAINTENANCE',
        deadlineAt: inMinutes === null ? null : now + inMinutes * MINUTE,
        heardAt: now,
      },
      { dedupe: `notice-${vm.name}` },
    );

  return {
    fleet,
    store,
    cluster,
    posted,
    paged,
    acts,
    now: () => now,
    async pass(minutes, until = () => false) {
      const end = now + minutes * MINUTE;
      await settle();
      while (now < end) {
        if (await until()) return true;
        now = Math.min(end, Math.max(now + 1_000, queue.nextAt() ?? end));
        simulation.advance(now);
        await settle();
      }
      return until();
    },
    say: (text) => app.handle({ text, by: { id: 'slack:U1', name: 'Asha' }, where: fleet.channel }),
    hear,
    async announce(vm, inMinutes, downMinutes) {
      cluster.maintain(vm.id, {
        inSeconds: inMinutes * 60,
        downSeconds: downMinutes === null ? null : downMinutes * 60,
      });
      await hear(vm, inMinutes);
    },
    vms: () => cluster.state.vms.filter((vm) => vm.state === 'ready'),
    vm: (name) => cluster.state.vms.find((vm) => vm.name === name),
    machines,
    phaseOf: async (vm) =>
      (await machines()).find(({ state }) => state.node.name === vm.name)?.state.phase ?? null,
    late: () => simulation.traffic.totals(),
    ready: () => cluster.fleet(fleet.name).reduce((sum, zone) => sum + zone.ready, 0),
    dieAt: (wanted) => {
      fatal = wanted;
    },
    deaths: () => deaths,
  };
}
