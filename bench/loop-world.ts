/** The world of the loop's bench: any number of fleets behind the ports, each with a memory and a demand of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type App, createApp } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { emptyMemory, learn } from '../src/core/learn.js';
import type { Memory } from '../src/core/memory.js';
import type { Sample, ZoneSeen } from '../src/core/model.js';
import { policySchema } from '../src/core/policy.js';
import type { Clock, DemandSeen, JobHandler, Meter, Queue, Store } from '../src/ports.js';

export interface BenchWorld {
  names: string[];
  app: App;
  store: Store;
  handler: JobHandler;
  clock: Clock;
  /** Evaluations that ended. */
  decided(): number;
}

export const silent = { debug() {}, info() {}, warn() {}, error() {} };

const MINUTE = 60_000;
const HISTORY = 80;
const ZONES = ['a', 'b'];
const policy = policySchema.parse({
  ...{
    zones: ZONES,
    mode: 'act',
    slotsPerNode: 4,
    nodePricePerHour: 2.5,
    firstContactCycles: 0,
    cycleSeconds: 86_400,
  },
});

export function createBenchWorld(fleets: number, clock: Clock, store: Store, queue: Queue): BenchWorld {
  const names = Array.from({ length: fleets }, (_, index) => `fleet-${index}`);
  const unused = () => Promise.reject(new Error('evaluate does not act'));
  const app = createApp(
    {
      clock,
      store,
      queue,
      orchestrator: {
        zones: async () => zones(4),
        nodes: unused,
        workers: unused,
        plan: unused,
        scale: unused,
        drain: unused,
        cordon: unused,
        uncordon: unused,
        stopWorker: unused,
        failDeployment: unused,
        promote: unused,
        revert: unused,
      },
      nodeGroups: { list: unused, grow: unused, remove: unused },
      demand: { demand: async (source) => demandNow(source.kind === 'rabbitmq' ? source.queue : '', clock) },
      gauge: { gauge: async () => ({ at: clock.now(), value: 0.9 }) },
      chat: null,
      pager: null,
      meter: quietMeter,
      log: silent,
      newId: () => 'bench',
      heartbeat: async () => {},
    },
    names.map(configOf),
    { holder: 'bench', channel: '#ops', command: '/muster', leaseMs: 60_000, maxOverrideSeconds: 86_400 },
  );
  const evaluate = app.handlers().evaluate;
  if (evaluate === undefined) throw new Error('there is no job named evaluate');
  let decided = 0;
  const handler: JobHandler = {
    ...evaluate,
    run: async (data, context) => {
      await evaluate.run(data, context);
      decided += 1;
    },
  };
  return { names, app, store, handler, clock, decided: () => decided };
}

/** Gives every fleet an hour of history, as its observations would have left it. */
export async function warm({ names, store, clock }: BenchWorld): Promise<void> {
  const now = Math.floor(clock.now() / MINUTE) * MINUTE;
  const kinds = Array.from({ length: 20 }, (_, kind) => history(now - MINUTE, rateOf(kind)));
  for (let from = 0; from < names.length; from += 100) {
    const batch = names.slice(from, from + 100);
    const outcomes = await Promise.all(
      batch.map((name) => {
        const { memory, sample } = kinds[numberOf(name) % kinds.length]!;
        return store.keepSample(name, sample, memory, 0);
      }),
    );
    if (!outcomes.every((outcome) => outcome === 'stored')) throw new Error('the history was not stored');
  }
}

/** Runs the handler once for each fleet, so many at a time, as a worker would. */
export async function evaluateAll({ names, handler }: BenchWorld, workers: number): Promise<void> {
  const left = [...names];
  const { signal } = new AbortController();
  const work = async (): Promise<void> => {
    for (let fleet = left.pop(); fleet !== undefined; fleet = left.pop())
      await handler.run({ v: 1, fleet, trigger: 'cycle' }, { signal, slot: null });
  };
  await Promise.all(Array.from({ length: workers }, work));
}

/** Polls until it holds; a minute at most. */
export async function settle(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('the bench did not come to its end');
    await sleep(5);
  }
}

function configOf(name: string): FleetConfig {
  const targets = ZONES.map((zone) => ({ zone, job: `${name}-${zone}`, group: 'worker' }));
  return {
    name,
    policy,
    orchestrator: { kind: 'nomad', targets, workersPerAllocation: 1, slotsPerNode: 4 },
    nodeGroups: { kind: 'fixed' },
    demand: { kind: 'rabbitmq', vhost: '/', queue: name },
    latency: { kind: 'prometheus', p95: 'p95' },
    saturation: null,
    channel: `#channel-${numberOf(name) % 50}`,
    pagerdutyRoutingKey: null,
  };
}

const numberOf = (name: string): number => Number(name.slice('fleet-'.length));

/** From 1 to 39 requests per second. */
const rateOf = (kind: number): number => 1 + 2 * kind;

function history(until: number, rate: number): { memory: Memory; sample: Sample } {
  let memory = emptyMemory();
  let sample = sampleAt(until, rate);
  for (let at = until - HISTORY * MINUTE; at <= until; at += MINUTE) {
    sample = sampleAt(at, rate * (0.9 + 0.2 * Math.abs(Math.sin(at))));
    memory = learn(memory, sample, policy);
  }
  return { memory, sample };
}

const sampleAt = (at: number, requestsPerSecond: number): Sample => ({
  ...{ at, requestsPerSecond, backlog: 0, oldestAgeSeconds: 0, p95Seconds: 0.9, ready: 4, starting: 0 },
});

const demandNow = (queue: string, clock: Clock): DemandSeen => ({
  at: clock.now(),
  requestsPerSecond: rateOf(numberOf(queue) % 20),
  ...{ backlog: 3, oldestAgeSeconds: 0.4, consumers: 4 },
});

const zones = (workers: number): ZoneSeen[] =>
  ZONES.map((zone) => ({
    ...{ zone, up: true, desired: workers / 2, ready: workers / 2, starting: 0, draining: 0, blocked: null },
  }));

const quietMeter: Meter = { decided() {}, fleet() {}, peerFailed() {}, outbox() {}, job() {} };
