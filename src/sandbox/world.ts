/**
 * The sandbox put together: one simulated world, the stand-ins that speak its peers' protocols, a real Redis, the page and
 * the control interface, and one bot as a child. `startWorld` reads as a parts list; `turn` moves it all.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Millis } from '../core/model.js';
import { readTrace } from '../simulation/trace.js';
import { createBotRegistry, startChildBot } from './bots.js';
import { type Calls, createCalls } from './calls.js';
import { createControl } from './control.js';
import { createDecisionsView } from './decisions-view.js';
import { createFaults } from './faults.js';
import { sandboxConfig, sandboxFleets } from './fleets.js';
import { createPageRoutes } from './page-server.js';
import { startPeers } from './peers.js';
import { createRedisFaults } from './redis-faults.js';
import { createSandboxClock } from './sandbox-clock.js';
import type { SavedWorld, SaveFile } from './save.js';
import { createSimulatedWorld, type SavedSimulation } from './simulated-world.js';
import { createCloudWatcher } from './watcher.js';
import { createWorldActs } from './world-acts.js';
import type { Origin } from './world-options.js';
import { latestRecorded, openWorldRedis } from './world-redis.js';
import { type Handler, startWorldServer } from './world-server.js';
import { summaryOf } from './world-summary.js';

export interface WorldSettings {
  folder: string;
  file: SaveFile;
  saved: SavedWorld | null;
  origin: Origin;
  /** 0 takes a free one. */
  port: number;
  speed: number;
  /** The script that becomes the child bot when it is given `bot --world URL`; null: no child. */
  botScript: string | null;
  say(line: string): void;
}

export interface World {
  url: string;
  origin: Origin;
  /** It goes on from a save. */
  resumed: boolean;
  now(): Millis;
  /** Saves, ends the children by their handles and lets go of the port; within three seconds. */
  close(): Promise<void>;
}

const TURN_MS = 100;
/** Machine time that one turn may take before it lets requests through. */
const TURN_BUDGET_MS = 50;
/** A machine that slept this long: the world slept, too, and goes on where it was. */
const SLEPT_MS = 60_000;
const MINUTE = 60_000;
const SAVE_EVERY_MS = 1_000;
const BOT_PATIENCE_MS = 1_500;

/** Throws OperatorError when the port is taken, or the trace or the save cannot be read; nothing is left running then. */
export async function startWorld(settings: WorldSettings): Promise<World> {
  const { folder, file, saved, origin, speed, say } = settings;
  const closers: (() => Promise<unknown> | unknown)[] = [];
  const closeAll = async () => {
    for (const close of closers.reverse()) {
      try {
        await close();
      } catch (error) {
        // One part that fails to close must not keep the others open.
        say(`While closing: ${(error as Error).message}`);
      }
    }
  };
  try {
    return await compose();
  } catch (error) {
    await closeAll();
    throw error;
  }

  async function compose(): Promise<World> {
    const handlers: Handler[] = [];
    const server = await startWorldServer(settings.port, handlers);
    closers.push(() => server.close());
    const fleets = sandboxFleets();
    const trace = origin.trace === null ? null : await readTrace(origin.trace.path);
    const parts = saved?.parts ?? {};
    const simulation = createSimulatedWorld(
      { fleets, seed: origin.seed, scale: origin.scale, trace },
      (parts.simulation as SavedSimulation | undefined) ?? null,
    );
    const redis = await openWorldRedis(folder, saved === null, say);
    closers.push(() => redis.close());
    const redisFaults = createRedisFaults(redis);
    closers.push(() => redisFaults.close());

    // The bot may have recorded more than the last save knows: time must not run again through what it has seen.
    const names = fleets.map(({ name }) => name);
    const recorded = saved === null ? 0 : await latestRecorded(redis.store, names);
    const simMs = Math.max(saved?.simMs ?? simulation.startsAt, recorded);
    const clock = createSandboxClock({ simMs, speed });
    const faults = createFaults(clock.now);
    const calls = createCalls(clock.now, parts.calls as ReturnType<Calls['all']> | undefined);
    const registry = createBotRegistry();
    const peers = await startPeers({
      context: { clock, fault: faults.open, record: calls.record },
      simulation,
      fleets,
      bots: registry.list,
      saved: (parts.peers as Record<string, unknown> | undefined) ?? {},
    });
    closers.push(() => peers.close());
    let child: ReturnType<typeof startChildBot> | null = null;
    let summary = (parts.summary as string[] | undefined) ?? [];
    let isOver = summary.length > 0;

    const watcher = createCloudWatcher({ cluster: simulation.cluster, bots: registry.list });
    const decisions = createDecisionsView(redis.store, names);
    const acts = createWorldActs({
      id: randomUUID(),
      clock,
      simulation,
      peers,
      faults,
      calls,
      registry,
      decisions,
      watcher,
      currency: fleets[0]?.policy.currency ?? 'USD',
      config: () => ({
        ...sandboxConfig({ ...peers.config, redis: { url: redis.door }, clock: clock.anchor() }),
        maintenanceSecret: watcher.secret,
      }),
      notes: () => [...(child?.note() ? [child.note() as string] : []), ...summary],
      onFault: () => redisFaults.set(faults.open('redis')?.kind ?? null),
    });
    const page = createPageRoutes({
      slack: peers.slack,
      clock,
      fleets: fleets.map(({ name, policy }) => ({
        name,
        objectiveSeconds: policy.slo.p95Seconds,
        cycleSeconds: policy.cycleSeconds,
        nodePricePerHour: policy.nodePricePerHour,
        staticPeakPerHour: simulation.staticPeakPerHour[name] ?? null,
      })),
      truth: acts.truth,
      hasHome: true,
      shortcuts: [{ callbackId: 'explain_decision', name: 'Explain this decision' }],
      restore: parts.page,
    });
    closers.push(() => page.close());
    handlers.push(createControl(acts), page.handle);

    const toSave = (): SavedWorld => ({
      v: 1,
      ...origin,
      // Where the simulation is, not the clock: on the way out it may be a turn behind.
      simMs: simulation.cluster.now,
      startMs: simulation.startsAt,
      parts: {
        simulation: simulation.save(),
        calls: calls.all(),
        peers: peers.save(),
        page: page.save(),
        summary,
      },
    });
    let savedAt = { sim: clock.now(), machine: Date.now() };
    const saveWhenDue = () => {
      const machine = Date.now();
      if (clock.now() - savedAt.sim < MINUTE || machine - savedAt.machine < SAVE_EVERY_MS) return;
      savedAt = { sim: clock.now(), machine };
      file.write(toSave()).catch((error: Error) => say(`The world could not be saved: ${error.message}`));
      child?.trimLog();
    };

    let turnedAt = Date.now();
    const turn = () => {
      const machine = Date.now();
      if (machine - turnedAt > SLEPT_MS) clock.reanchor(simulation.cluster.now + TURN_MS * speed);
      turnedAt = machine;
      const mayGoOn = () => Date.now() - machine < TURN_BUDGET_MS;
      simulation.advance(clock.now(), mayGoOn);
      void redisFaults.set(faults.open('redis')?.kind ?? null).catch(() => {});
      saveWhenDue();
      watcher.turn();
      if (simulation.endsAt !== null && !isOver && simulation.traffic.now >= simulation.endsAt) {
        isOver = true;
        void summaryOf(simulation, redis.store, names).then((lines) => {
          summary = lines;
          for (const line of lines) say(line);
        });
      }
    };
    turn();
    // From here on the folder holds a world, whatever happens: what Redis keeps belongs to it.
    file.writeNow(toSave());
    const timer = setInterval(turn, TURN_MS);
    closers.push(() => file.writeNow(toSave()));
    closers.push(() => clearInterval(timer));

    if (settings.botScript !== null) {
      const bot = startChildBot({
        command: ['--enable-source-maps', settings.botScript, 'bot', '--world', server.url],
        env: { MUSTER_CHILD: '1' },
        logPath: join(folder, 'bot.log'),
        say,
      });
      child = bot;
      closers.push(() => bot.stop(BOT_PATIENCE_MS));
    }
    return { url: server.url, origin, resumed: saved !== null, now: clock.now, close: closeAll };
  }
}
