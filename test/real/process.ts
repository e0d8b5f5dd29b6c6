/**
 * One process of the bot over the real Store and the real Queue: many runs at once, each with its own knowledge of what it
 * read and holds. It dies like a process under kill -9: nothing of it reaches anybody any more.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBullQueue } from '../../src/adapters/bullmq/queue.js';
import type { AnchoredClock } from '../../src/adapters/bullmq/slots.js';
import { createRedisStore } from '../../src/adapters/redis/store.js';
import { type App, createApp, type Ports } from '../../src/app.js';
import type { FleetConfig } from '../../src/config.js';
import type { JobHandler, Log, Store } from '../../src/ports.js';
import type { RunView } from '../../src/simulation/whole/event.js';
import type { Faults, Peer } from '../../src/simulation/whole/faults.js';
import { CHANNEL } from '../../src/simulation/whole/fleets.js';
import type { Truth } from '../../src/simulation/whole/truth.js';
import { watchedStore } from '../../src/simulation/whole/watched.js';
import { type Door, openDoor } from './door.js';

export interface RealProcess {
  readonly name: string;
  readonly app: App;
  alive(): boolean;
  /** Nothing that it began goes on, nothing that it holds is let go. */
  kill(where: string): void;
  /** Runs something as one of its runs. */
  as<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** All of the world but Redis, by the run that speaks. */
export type Outside = (
  view: () => RunView,
) => Omit<Ports, 'clock' | 'store' | 'queue' | 'log'> & { pager: NonNullable<Ports['pager']> };

export interface RealProcessSpec {
  name: string;
  redis: string;
  clock: AnchoredClock;
  faults: Faults;
  truth: Truth;
  outside: Outside;
  fleets: FleetConfig[];
  log: Log;
  /** Told when it dies, at which call. */
  died(where: string): void;
  /** Told of each run that ended badly while the process lived. */
  failed(job: string, error: unknown): void;
}

/** Machine time. */
export const LOCKS = { lockMs: 1_000, stalledMs: 500, leaseMs: 1_500 };

export async function startRealProcess(spec: RealProcessSpec): Promise<RealProcess> {
  const { name, clock, faults, truth } = spec;
  const runs = new AsyncLocalStorage<RunView>();
  const nobody: RunView = { name, issuedAt: 0, intentRead: 0, lease: null };
  const view = (): RunView => runs.getStore() ?? nobody;
  const door: Door = await openDoor(spec.redis);
  const log: Log = { ...spec.log };
  let dead = false;

  const gate = async <T>(peer: Peer, method: string, fleet: string | null, act: () => Promise<T>) => {
    if (dead) return never();
    const now = clock.now();
    view().issuedAt = now;
    const blow = faults.strike(peer, method, now, fleet);
    if (blow === null) return alive(await act());
    if (blow.delayMs > 0) await sleep(blow.delayMs / clock.speed);
    if (dead) return never();
    if (blow.dies === 'before') return die(`${peer}.${method} before`);
    if (blow.fails !== null) {
      if (peer === 'store' || peer === 'queue') truth.tell({ kind: 'store-down' });
      if (blow.fails.how === 'lost') await act();
      throw dead ? await never() : blow.fails.error;
    }
    const answer = await act();
    return blow.dies === 'after' ? die(`${peer}.${method} after`) : alive(answer);
  };
  const alive = <T>(answer: T): T | Promise<never> => (dead ? never() : answer);
  const die = (where: string): Promise<never> => {
    kill(where);
    return never();
  };
  const gated = <P extends object>(peer: Peer, port: P): P =>
    Object.fromEntries(
      Object.entries(port).map(([method, act]) => [
        method,
        typeof act !== 'function'
          ? act
          : (...args: unknown[]) =>
              gate(peer, method, askedFor(peer, args[0]), () =>
                (act as (...all: unknown[]) => Promise<unknown>)(...args),
              ),
      ]),
    ) as P;

  const store = await createRedisStore({ url: door.path, log });
  const runner = createBullQueue({ url: door.path, clock, locks: LOCKS, log, graceMs: 1 });
  const bare = spec.outside(view);
  const ports: Ports = {
    ...bare,
    clock,
    log: deadSilent(log, () => dead),
    store: gated('store', watchedStore(store as Store, truth, view)),
    queue: gated('queue', runner.queue),
    orchestrator: gated('orchestrator', bare.orchestrator),
    nodeGroups: gated('node-groups', bare.nodeGroups),
    demand: gated('demand', bare.demand),
    gauge: gated('gauge', bare.gauge),
    chat: bare.chat && gated('chat', bare.chat),
    pager: gated('pager', bare.pager),
    ...(bare.rollouts ? { rollouts: gated('orchestrator', bare.rollouts) } : {}),
    ...(bare.incidents ? { incidents: gated('pager', bare.incidents) } : {}),
    ...(bare.directory ? { directory: gated('chat', bare.directory) } : {}),
  };
  const app = createApp(ports, spec.fleets, {
    ...{ holder: name, channel: CHANNEL, command: '/muster' },
    ...{ leaseMs: LOCKS.leaseMs, maxOverrideSeconds: 86_400 },
  });
  let count = 0;
  const as = <T>(what: string, work: () => Promise<T>): Promise<T> => {
    count += 1;
    const own: RunView = {
      name: `${name} ${what} ${count}`,
      issuedAt: clock.now(),
      intentRead: 0,
      lease: null,
    };
    return runs.run(own, work);
  };
  const handlers: Record<string, JobHandler> = Object.fromEntries(
    Object.entries(app.handlers()).map(([job, handler]) => [
      job,
      {
        ...handler,
        run: (data, context) =>
          as(job, () => handler.run(data, context)).catch((error: unknown) => {
            if (dead) return never();
            spec.failed(job, error);
            throw error;
          }),
      },
    ]),
  );
  function kill(where: string): void {
    if (dead) return;
    dead = true;
    door.cut();
    spec.died(where);
    // What a real death would have taken along.
    runner.close().catch(() => {});
    store.close().catch(() => {});
  }
  await runner.schedule(app.schedules());
  await runner.work(handlers, { concurrency: 1 });
  return { name, app, alive: () => !dead, kill, as };
}

const never = (): Promise<never> => new Promise<never>(() => {});

function askedFor(peer: Peer, source: unknown): string | null {
  if (peer === 'gauge') return source as string;
  return peer === 'demand' ? (source as { queue: string }).queue : null;
}

const deadSilent = (log: Log, isDead: () => boolean): Log => ({
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (fields, message) => {
    if (!isDead()) log.error(fields, message);
  },
});
