/** One fleet of the sandbox with its bot, all in memory: the real app, jobs and verbs over the twins of every peer. */
import assert from 'node:assert/strict';
import { createApp, type Ports } from '../../src/app.js';
import type { PagerEvent } from '../../src/core/message.js';
import type { Person } from '../../src/core/model.js';
import type { RolloutState } from '../../src/core/rollout/state.js';
import type { StoredMachine } from '../../src/ports.js';
import { sandboxFleet } from '../../src/sandbox/fleets.js';
import { createSimulatedWorld, type SimulatedWorld } from '../../src/sandbox/simulated-world.js';
import { isLive } from '../../src/simulation/cluster/state.js';
import { Crashed, createMemoryQueue } from '../../src/simulation/memory-queue.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { createSimulatedNodeGroups, createSimulatedOrchestrator } from '../../src/simulation/orchestrator.js';
import { createSimulatedRollouts } from '../../src/simulation/rollouts.js';
import { createSimulatedHealth } from '../../src/simulation/worker-health.js';

export const FLEET = 'face-match';
export const OLD = 'registry.example/face-match:1';
export const GOOD = 'registry.example/face-match:2.0';
export const BAD = 'registry.example/face-match:bad';
const STEP_SECONDS = 5;
const MEERA: Person = { id: 'slack:U0MEERA', name: 'Meera Iyer', timeZone: 'Asia/Kolkata' };
const ASHA: Person = { id: 'slack:U0ASHA', name: 'Asha Rao', timeZone: 'Asia/Kolkata' };

export interface RolloutWorld {
  simulation: SimulatedWorld;
  ports: Ports;
  now(): number;
  /** Lets minutes pass; `watch` sees every moment. */
  pass(minutes: number, watch?: () => void): Promise<void>;
  /** Lets time pass until it holds; fails after so many minutes. */
  until(what: string, minutes: number, holds: () => Promise<boolean> | boolean): Promise<void>;
  say(text: string): Promise<string>;
  /** The cloud stops this VM in so many minutes, for five, and has said so. */
  notice(vm: string, inMinutes: number): Promise<void>;
  rollout(): Promise<RolloutState>;
  /** Workers by image that serve now. */
  ready(image: string): number;
  messages: Map<string, string>;
  changes: PagerEvent[];
  /** Every other event that was sent. */
  pages: PagerEvent[];
  errors: string[];
  /** Numbers that the metrics give; null: they are dark. */
  metrics: { p95: number | null | 'true'; dark: boolean };
  /** The bot dies at this many port calls from now; null: never. */
  killAfter(calls: number | null): void;
  kills(): number;
  /** Told before a worker is stopped, or a node drained. */
  watch(by: { stopWorker?(id: string): void; drain?(node: string, decisionId: string): void }): void;
  /** What should never have happened, told at the moment it did. */
  broken: string[];
}

export async function aRolloutWorld(
  options: {
    seed?: number;
    scale?: number;
    warmMinutes?: number;
    ceiling?: number;
    remedies?: { auto: string[]; perHour: number };
  } = {},
): Promise<RolloutWorld> {
  const found = sandboxFleet(FLEET);
  assert.ok(found !== null);
  const policy = { ...found.policy, ...(options.ceiling === undefined ? {} : { ceiling: options.ceiling }) };
  const fleet = {
    ...found,
    policy,
    ...(options.remedies === undefined ? {} : { remedies: options.remedies }),
  };
  const spec = { fleets: [fleet], seed: options.seed ?? 1, scale: options.scale ?? 1, trace: null };
  const simulation = createSimulatedWorld(spec);
  const { cluster, traffic } = simulation;
  let now = simulation.startsAt;
  let untilDeath: number | null = null;
  let dead = false;
  let kills = 0;
  let ids = 0;
  const metrics: RolloutWorld['metrics'] = { p95: 'true', dark: false };
  const messages = new Map<string, string>();
  const changes: PagerEvent[] = [];
  const pages: PagerEvent[] = [];
  const errors: string[] = [];
  const broken: string[] = [];

  /** Dies before or after the call, and from then on every call of that run dies, too. */
  const mortal = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(from, key) {
        const value = Reflect.get(from, key) as unknown;
        if (typeof value !== 'function') return value;
        return async (...given: unknown[]) => {
          if (dead) throw new Crashed();
          const call = () => (value as (...all: unknown[]) => Promise<unknown>).apply(from, given);
          if (untilDeath === null) return call();
          untilDeath -= 1;
          if (untilDeath > 0) return call();
          dead = true;
          untilDeath = null;
          kills += 1;
          if (kills % 2 === 0) await call();
          throw new Crashed();
        };
      },
    });

  /** Judges every update by the truth: under the fleet's lease, and no second node before the golden one serves. */
  const watched = (inner: ReturnType<typeof createSimulatedRollouts>): typeof inner => {
    const first = new Map<string, string>();
    return {
      ...inner,
      async update(target, zone, node, image, why) {
        const probe = await store.lease(FLEET, 'probe', 1);
        if (probe !== null) {
          broken.push(`${why.rolloutId} updates without the lease`);
          await store.release(probe);
        }
        const machine = (await store.machine('rollout', why.rolloutId)) as StoredMachine<RolloutState> | null;
        const goesForward = image === machine?.state.image;
        const golden = first.get(why.rolloutId) ?? node;
        if (goesForward && node !== '') first.set(why.rolloutId, golden);
        const own = cluster.state.allocations.filter((one) => one.image === image && isLive(one));
        const serve = own.some((one) => one.healthy !== false && one.servesAt <= now);
        if (goesForward && node !== golden && node !== '' && !serve)
          broken.push(`${why.rolloutId} updates ${node} before ${golden} serves`);
        return inner.update(target, zone, node, image, why);
      },
    };
  };

  let watcher: Parameters<RolloutWorld['watch']>[0] = {};
  const seenBy = (inner: ReturnType<typeof createSimulatedOrchestrator>): typeof inner => ({
    ...inner,
    async stopWorker(target, id) {
      watcher.stopWorker?.(id);
      return inner.stopWorker(target, id);
    },
    async drain(target, id, why) {
      watcher.drain?.(id, why.decisionId);
      return inner.drain(target, id, why);
    },
  });

  const clock = { now: () => now, speed: 1, sleep: async () => {} };
  const queue = createMemoryQueue(clock);
  const store = createMemoryStore(clock);
  const twin = { cluster, clock };
  const ports: Ports = {
    clock,
    store: mortal(store),
    queue: mortal(queue.queue),
    orchestrator: mortal(seenBy(createSimulatedOrchestrator(twin))),
    nodeGroups: mortal(createSimulatedNodeGroups(twin)),
    rollouts: mortal(watched(createSimulatedRollouts(twin))),
    health: mortal(createSimulatedHealth(twin)),
    demand: {
      demand: async () => {
        const { requestsPerSecond, backlog, oldestAgeSeconds } = traffic.fleet(FLEET);
        const known = { requestsPerSecond, backlog, oldestAgeSeconds };
        const dark = { requestsPerSecond: null, backlog: null, oldestAgeSeconds: null };
        return { at: now, consumers: null, ...(metrics.dark ? dark : known) };
      },
    },
    gauge: {
      gauge: async () => {
        const value = metrics.p95 === 'true' ? traffic.window(FLEET, 60).p95Seconds : metrics.p95;
        return value === null ? null : { at: now, value };
      },
    },
    chat: {
      post: async (row) => {
        messages.set(row.key, row.message.summary);
        return { channel: row.channel, ts: row.key };
      },
      update: async (_ref, row) => {
        messages.set(row.key, row.message.summary);
      },
      reply: async (ref) => ref,
      find: async () => null,
    },
    pager: {
      send: async (event) => {
        if (event.kind === 'change') changes.push(event);
        else pages.push(event);
      },
    },
    meter: { decided() {}, fleet() {}, peerFailed() {}, outbox() {}, job() {} },
    log: {
      debug() {},
      info() {},
      warn() {},
      error: (fields, message) => {
        if (!dead) errors.push(`${message} ${String((fields as { error?: unknown }).error)}`);
      },
    },
    newId: () => `id${++ids}`,
    heartbeat: async () => {},
  };
  const app = createApp(ports, [fleet], {
    holder: 'bot',
    channel: '#ml-ops',
    command: '/muster',
    leaseMs: 30_000,
    maxOverrideSeconds: 86_400,
  });
  await queue.schedule(app.schedules());
  await queue.work(app.handlers(), { concurrency: 1 });

  const tick = async (): Promise<void> => {
    now += STEP_SECONDS * 1_000;
    simulation.advance(now);
    for (let runs = 0; runs < 200; runs += 1) {
      const ran = await queue.next();
      dead = false;
      if (ran === null) break;
    }
  };
  const world: RolloutWorld = {
    simulation,
    ports,
    now: () => now,
    metrics,
    messages,
    changes,
    pages,
    errors,
    broken,
    async pass(minutes, watch) {
      for (let step = 0; step < (minutes * 60) / STEP_SECONDS; step += 1) {
        await tick();
        watch?.();
      }
    },
    async until(what, minutes, holds) {
      for (let step = 0; step < (minutes * 60) / STEP_SECONDS; step += 1) {
        if (await holds()) return;
        await tick();
      }
      const state = (await store.machines('rollout'))[0]?.state as RolloutState | undefined;
      assert.fail(
        `${what}: not within ${minutes} minutes; ${JSON.stringify({ phase: state?.phase, paused: state?.paused, reasons: state?.reasons })}`,
      );
    },
    async say(text) {
      const at = { where: 'C1', whereName: '#ml-ops' };
      const reply = await app.handle({ text, by: ASHA, ...at });
      const [button] = reply.message.parts.flatMap((part) => (part.kind === 'buttons' ? part.buttons : []));
      // What is asked about is approved by somebody else, as it may have to be.
      if (!text.startsWith('deploy') || button?.command.startsWith('confirm ') !== true)
        return reply.message.summary;
      return (await app.handle({ text: button.command, by: MEERA, ...at })).message.summary;
    },
    async notice(vm, inMinutes) {
      cluster.maintain(vm, { inSeconds: inMinutes * 60, downSeconds: 300 });
      const deadlineAt = now + inMinutes * 60_000;
      const said = { v: 1, node: vm, event: 'TERMINATE_ON_HOST_MAINTENANCE', deadlineAt, heardAt: now };
      await queue.queue.enqueue('notice', said, { dedupe: `notice-${vm}` });
    },
    async rollout() {
      const [newest] = (await store.machines('rollout')) as StoredMachine<RolloutState>[];
      assert.ok(newest !== undefined, 'there is a rollout');
      return newest.state;
    },
    ready: (image) =>
      cluster.state.allocations.filter(
        (one) =>
          one.image === image &&
          one.desired === 'run' &&
          one.client !== 'lost' &&
          one.client !== 'complete' &&
          one.servesAt <= cluster.now,
      ).length,
    killAfter: (calls) => {
      untilDeath = calls;
    },
    kills: () => kills,
    watch: (by) => {
      watcher = by;
    },
  };
  await world.pass(options.warmMinutes ?? 60);
  return world;
}
