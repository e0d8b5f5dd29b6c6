/**
 * One process of the bot: the real app behind ports through which every fault strikes. It runs one job or command at a
 * time and dies like a process under kill -9: nothing after the fatal call happens, no catch, no finally.
 */
import { type App, createApp, type Ports, type Settings } from '../../app.js';
import type { FleetConfig } from '../../config.js';
import type { Millis } from '../../core/model.js';
import type { JobHandler } from '../../ports.js';
import type { RunView } from './event.js';
import type { Faults, Peer } from './faults.js';
import { CHANNEL } from './fleets.js';

export interface BotProcess {
  readonly name: string;
  readonly app: App;
  readonly view: RunView;
  alive: boolean;
  /** A run is under way, or one that its deadline gave up still goes on. */
  busy: boolean;
  readonly handlers: Record<string, JobHandler>;
  /** Of the run under way; it serves the next run too, as long as it was not needed. */
  control: AbortController;
  /** Called when it dies: whoever runs something in it is told. */
  onDeath: () => void;
}

export interface ProcessWorld {
  now(): Millis;
  faults: Faults;
  /** Lets time pass up to a moment, and others work in it. */
  passTo(to: Millis, goesOn: () => boolean): Promise<void>;
  note(text: string): void;
  /** Told when the store or the queue failed a call. */
  storeFailed(): void;
  /** Told when the process is killed, at which call. */
  died?(where: string): void;
}

type Bare = Pick<Ports, 'store' | 'queue' | 'orchestrator' | 'nodeGroups' | 'demand' | 'gauge'> & {
  chat: NonNullable<Ports['chat']>;
  pager: NonNullable<Ports['pager']>;
} & Pick<Ports, 'meter' | 'log' | 'newId' | 'heartbeat' | 'rollouts' | 'incidents' | 'directory'>;

export interface ProcessSpec {
  name: string;
  world: ProcessWorld;
  /** The ports as the world has them, watched. */
  bare(view: () => RunView): Bare;
  fleets: FleetConfig[];
  /** What the app gets instead: a test plants a bug here. */
  plant?: (ports: Ports) => Ports;
}

const SETTINGS: Omit<Settings, 'holder'> = {
  channel: CHANNEL,
  command: '/muster',
  leaseMs: 60_000,
  maxOverrideSeconds: 86_400,
};

export function createProcess(spec: ProcessSpec): BotProcess {
  const { world, name } = spec;
  const { faults } = world;
  const view: RunView = { name, issuedAt: world.now(), intentRead: 0, lease: null };

  const gate = async <T>(
    peer: Peer,
    method: string,
    act: (...args: unknown[]) => Promise<T>,
    args: unknown[],
  ): Promise<T> => {
    if (!self.alive) return never();
    view.issuedAt = world.now();
    const blow = faults.strike(peer, method, view.issuedAt, askedFor(peer, args[0]));
    if (blow === null) return act(...args);
    world.note(`${view.name}: ${peer}.${method} ${blow.name}`);
    if (blow.delayMs > 0) {
      await world.passTo(view.issuedAt + blow.delayMs, () => self.alive);
      if (!self.alive) return never();
    }
    if (blow.dies !== null) world.died?.(`${peer}.${method} ${blow.dies}`);
    if (blow.dies === 'before') return kill();
    if (blow.fails !== null) {
      if (peer === 'store' || peer === 'queue') world.storeFailed();
      if (blow.fails.how === 'lost') await act(...args);
      throw blow.fails.error;
    }
    const answer = await act(...args);
    return blow.dies === 'after' ? kill() : answer;
  };
  const kill = (): Promise<never> => {
    self.alive = false;
    self.onDeath();
    return never();
  };
  const gated = <P extends object>(peer: Peer, port: P): P => {
    const methods = Object.entries(port).map(([method, act]) => [
      method,
      (...args: unknown[]) => gate(peer, method, act, args),
    ]);
    return Object.fromEntries(methods) as P;
  };

  const bare = spec.bare(() => view);
  const ports: Ports = {
    ...bare,
    clock: {
      now: world.now,
      speed: 1,
      sleep: (ms, signal) => world.passTo(world.now() + ms, () => self.alive && signal?.aborted !== true),
    },
    store: gated('store', bare.store),
    queue: gated('queue', bare.queue),
    orchestrator: gated('orchestrator', bare.orchestrator),
    nodeGroups: gated('node-groups', bare.nodeGroups),
    demand: gated('demand', bare.demand),
    gauge: gated('gauge', bare.gauge),
    chat: gated('chat', bare.chat),
    pager: gated('pager', bare.pager),
    ...(bare.rollouts ? { rollouts: gated('orchestrator', bare.rollouts) } : {}),
    ...(bare.incidents ? { incidents: gated('pager', bare.incidents) } : {}),
    ...(bare.directory ? { directory: gated('chat', bare.directory) } : {}),
  };
  const settings: Settings = { ...SETTINGS, holder: name };
  const app = createApp(spec.plant === undefined ? ports : spec.plant(ports), spec.fleets, settings);
  const self: BotProcess = {
    ...{ name, app, view, alive: true, busy: false },
    handlers: app.handlers(),
    control: new AbortController(),
    onDeath() {},
  };
  return self;
}

/** The simulated sources are named after their fleet. */
function askedFor(peer: Peer, source: unknown): string | null {
  if (peer === 'gauge') return source as string;
  return peer === 'demand' ? (source as { queue: string }).queue : null;
}

/** What comes after a fatal call. */
const never = (): Promise<never> => new Promise<never>(() => {});
