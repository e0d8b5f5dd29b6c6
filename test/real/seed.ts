/**
 * A full day on the real Redis and the real BullMQ: the cluster, the requests and the peers are simulated, the Muster clock
 * runs fast, processes are killed in the middle of their calls. Order and timing are the machine's, so that no run is like
 * another; the invariants are the same.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBullQueue } from '../../src/adapters/bullmq/queue.js';
import { startRedisChild } from '../../src/adapters/redis/child.js';
import { createRedisStore } from '../../src/adapters/redis/store.js';
import type { Millis, Person } from '../../src/core/model.js';
import { OutsideError } from '../../src/errors.js';
import type { Log, Store } from '../../src/ports.js';
import { createSandboxClock } from '../../src/sandbox/sandbox-clock.js';
import { createSimulatedNodeGroups, createSimulatedOrchestrator } from '../../src/simulation/orchestrator.js';
import { createRandom, seedFor } from '../../src/simulation/random.js';
import { createSimulatedRollouts } from '../../src/simulation/rollouts.js';
import { createTraffic } from '../../src/simulation/traffic.js';
import { createWorkspace } from '../../src/simulation/whole/chat.js';
import { createFaults } from '../../src/simulation/whole/faults.js';
import { CHANNEL, fleetsOf } from '../../src/simulation/whole/fleets.js';
import { answerProposals, bringToAnEnd } from '../../src/simulation/whole/full/end.js';
import { createPagerDuty } from '../../src/simulation/whole/full/pagerduty.js';
import { eventsOf, operatorsOf } from '../../src/simulation/whole/full/script.js';
import { createWatchers } from '../../src/simulation/whole/full/watcher.js';
import { type Broken, type Counts, count, createJudge } from '../../src/simulation/whole/judge.js';
import { createDayLog } from '../../src/simulation/whole/log.js';
import { createMetrics } from '../../src/simulation/whole/metrics.js';
import { peopleOf, tidyingUp } from '../../src/simulation/whole/people.js';
import { planOf } from '../../src/simulation/whole/plan.js';
import { tellQuiet, tidyUp } from '../../src/simulation/whole/quiet.js';
import { placementOf, START } from '../../src/simulation/whole/run.js';
import { touchedOrchestrator, touchedRollouts } from '../../src/simulation/whole/touches.js';
import { createTruth } from '../../src/simulation/whole/truth.js';
import { watchedNodeGroups, watchedOrchestrator } from '../../src/simulation/whole/watched.js';
import { createWorld } from '../../src/simulation/whole/world.js';
import { type Outside, type RealProcess, startRealProcess } from './process.js';

export interface RealResult extends Counts {
  seed: number;
  broken: Broken[];
  log: string[];
  seconds: number;
}

export interface RealSpec {
  seed: number;
  hours: number;
  /** Muster milliseconds per machine millisecond. */
  speed: number;
}

const HOUR = 3_600_000;
const MINUTE = 60_000;
const CYCLE_MS = 20 * MINUTE;
/** Machine time. */
const TURN_MS = 5;
const COMMAND_MS = 10_000;
const REPLICAS = 2;
/** Than in virtual time: fewer hours, and a machine that is busy makes fewer calls in them. */
const DEADLIER = 4;
const REBIRTH_MS = 300;
/** Whoever comes to rest does so within so many looks, a cycle apart. */
const LOOKS = 6;
/**
 * Left to virtual time: the newest audit entry may be another's when two are stored at once, and where a second of the
 * machine is minutes of Muster time a busy machine alone makes decisions late and numbers old.
 */
const NOT_HERE = new Set(['audit-entry', 'no-two-cycles-without', 'no-cut-in-the-dark']);

export async function runRealSeed({ seed, hours, speed }: RealSpec): Promise<RealResult> {
  const began = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'muster-real-'));
  const redis = await startRedisChild({ dir: join(folder, 'redis') });
  const start = START + createRandom(seedFor(seed, 'start')).int(24) * HOUR;
  const end = start + hours * HOUR;
  const fleets = fleetsOf(seed);
  const plan = planOf(seed, fleets, start, end);
  const traffic = createTraffic({
    seed,
    perDay: 90_000,
    shares: Object.fromEntries(fleets.map(({ name }, n) => [name, n === 0 ? 1 : 0.6])),
  });
  const inner = createWorld(seed, start, fleets, traffic, placementOf(seed));
  const clock = createSandboxClock({ simMs: start, speed });
  /** Set while the end is looked at, which takes a while on this clock. */
  let stands: Millis | null = null;
  const now = (): Millis => stands ?? clock.now();
  const world = { ...inner, now };
  const log = createDayLog(400);
  const counts: Counts = {
    ...{ decisions: 0, actions: 0, faults: 0, commands: 0, checked: 0 },
    ...{ kills: {}, ends: {} },
  };
  const { truth, broken } = createJudge(createTruth(start, fleets, world), log, counts);
  const { dies, diesWhenChanging } = plan.rates;
  const rates = { ...plan.rates, dies: DEADLIER * dies, diesWhenChanging: DEADLIER * diesWhenChanging };
  const faults = createFaults(seed, plan.windows, rates, plan.strokes);
  const quiet: Log = { debug() {}, info() {}, warn() {}, error() {} };
  const url = redis.socket;
  const looking = await createRedisStore({ url, log: quiet });
  const outsideStore: Store = persistent(looking);
  /** As the bots' HTTP port has it. */
  const hooks = createBullQueue({
    url,
    clock,
    locks: { lockMs: 1_000, stalledMs: 500 },
    log: quiet,
    graceMs: 1,
  });
  const { enqueue } = persistent(hooks.queue);

  const pagerduty = createPagerDuty(truth, createRandom(seedFor(seed, 'pagerduty')), enqueue);
  const workspace = createWorkspace(truth);
  const metrics = createMetrics(world, fleets, faults, truth);
  const twins = { cluster: world.cluster, clock };
  const orchestrator = createSimulatedOrchestrator(twins);
  const nodeGroups = createSimulatedNodeGroups(twins);
  const rollouts = createSimulatedRollouts(twins);
  let ids = 0;
  const outside: Outside = (view) => ({
    orchestrator: watchedOrchestrator(touchedOrchestrator(orchestrator, truth, view), truth, view),
    nodeGroups: watchedNodeGroups(nodeGroups, fleets, truth, view),
    rollouts: touchedRollouts(rollouts, truth, view),
    demand: metrics.demand,
    gauge: metrics.gauge,
    chat: workspace.chat,
    pager: pagerduty.pager,
    incidents: pagerduty.incidents,
    directory: pagerduty.directory,
    meter: { decided() {}, fleet() {}, peerFailed() {}, outbox() {}, job() {} },
    newId: () => {
      ids += 1;
      return `id${ids}`;
    },
    heartbeat: async () => {},
  });

  let processes: RealProcess[] = [];
  let births = 0;
  let isOver = false;
  const coming = new Set<Promise<void>>();
  const isFault = (error: unknown): boolean =>
    error instanceof OutsideError || (error instanceof Error && /took longer than/.test(error.message));
  const complaints: Log = {
    ...quiet,
    error: (fields, message) => {
      const error = 'error' in fields ? fields.error : null;
      if (error instanceof Error && !isFault(error)) truth.tell({ kind: 'complained', message, error });
    },
  };
  const born = async (): Promise<void> => {
    births += 1;
    const made = await startRealProcess({
      ...{ name: `p${births}`, redis: url, clock, faults, truth, outside, fleets, log: complaints },
      died(where) {
        count(counts.kills, where);
        log.line(now(), `killed at ${where}`);
        processes = processes.filter((one) => one.alive());
        if (isOver) return;
        const again = sleep(REBIRTH_MS).then(rebirth);
        coming.add(again);
        void again.finally(() => coming.delete(again));
      },
      failed: (job, error) => {
        truth.tell({ kind: 'job-failed', job, error, isFault: isFault(error) });
      },
    });
    processes.push(made);
  };
  /** On a machine that stands still Redis may not answer in time: then it is started again. */
  const rebirth = async (): Promise<void> => {
    while (!isOver) {
      try {
        return await born();
      } catch (error) {
        if (!(error instanceof OutsideError)) throw error;
        await sleep(REBIRTH_MS);
      }
    }
  };
  const aProcess = async (): Promise<RealProcess> => {
    for (;;) {
      const alive = processes.filter((one) => one.alive());
      if (alive.length > 0) return alive[ids % alive.length]!;
      await sleep(TURN_MS);
    }
  };

  const say = async (text: string, by: Person): Promise<string> => {
    counts.commands += 1;
    const process = await aProcess();
    const silence = sleep(COMMAND_MS).then(() => null);
    const reply = await Promise.race([
      process.as('command', () => process.app.handle({ text, by, where: CHANNEL })),
      silence,
    ]);
    const summary = reply?.message.summary ?? 'no answer';
    log.line(now(), `${by.name} typed "${text}": ${summary}`);
    truth.tell({ kind: 'answered', said: text, error: null, failed: false, peersFailing: true });
    return summary;
  };

  const span = { seed, fleets, from: start, until: end };
  const byTime = (a: { at: Millis }, b: { at: Millis }): number => a.at - b.at;
  const happenings = [...plan.happenings, ...eventsOf(span, pagerduty)].sort(byTime);
  const typed = [...peopleOf(seed, fleets, start, end), ...operatorsOf(span)].sort(byTime);
  const watchers = createWatchers(world, enqueue);
  const answers = createRandom(seedFor(seed, 'answers'));
  const killer = createRandom(seedFor(seed, 'killer'));
  const nextDeath = (): Millis => now() + (5 + killer.int(20)) * MINUTE;
  let deathAt = nextDeath();
  let minute = start;
  let hour = start;

  /** What is due now. */
  const turn = async (): Promise<void> => {
    world.advance(now());
    if (minute <= now()) {
      minute += MINUTE;
      truth.tell({ kind: 'minute', waiting: await outsideStore.waiting() });
      if (hour <= now()) {
        hour += HOUR;
        truth.tell({ kind: 'hour', auditOk: (await outsideStore.verifyAudit()).ok });
      }
      await watchers.turn();
      if (!faults.isOver() && answers.chance(0.3))
        await answerProposals(outsideStore, say, () => answers.chance(0.8));
    }
    if (deathAt <= now() && !faults.isOver()) {
      deathAt = nextDeath();
      processes[killer.int(processes.length)]?.kill('from outside');
    }
    while (happenings[0] !== undefined && happenings[0].at <= now()) {
      const { what, does, foreign } = happenings.shift()!;
      log.line(now(), what);
      await does(world);
      if (foreign !== undefined) truth.tell({ kind: 'foreign', ...foreign });
    }
    while (typed[0] !== undefined && typed[0].at <= now()) {
      const { text, by } = typed.shift()!;
      const words = typeof text === 'string' ? text : text(world);
      const saying = say(words, by).then(() => {});
      coming.add(saying);
      void saying.finally(() => coming.delete(saying));
    }
  };
  const passTo = async (to: Millis): Promise<void> => {
    while (now() < to) {
      await turn();
      await sleep(TURN_MS);
    }
  };

  try {
    for (let n = 0; n < REPLICAS; n += 1) await rebirth();
    await passTo(end);
    faults.stop();
    typed.length = 0;
    for (const { does, ends } of happenings.splice(0)) if (ends !== false) await does(world);
    log.line(now(), 'the faults are over');
    for (const { text, by } of tidyingUp(fleets, now())) await say(text, by);
    const time = { passTo };
    await bringToAnEnd({ fleets, world, store: outsideStore, pagerduty, say, time, log });
    const since = now();
    await tidyUp(fleets, since, say, time);
    for (let looks = 1; ; looks += 1) {
      const before = broken.length;
      stands = now();
      await tellQuiet(truth, outsideStore, since, pagerduty);
      stands = null;
      if (broken.length === before || looks === LOOKS) break;
      broken.length = before;
      await passTo(now() + CYCLE_MS);
    }
  } finally {
    isOver = true;
    await Promise.allSettled(coming);
    for (const process of processes) process.kill('the end');
    await hooks.close();
    await looking.close();
    await sleep(200);
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  delete counts.kills['the end'];
  return {
    ...{ seed, ...counts, log: log.newest(), seconds: (Date.now() - began) / 1_000 },
    broken: broken.filter(({ invariant }) => !NOT_HERE.has(invariant)),
  };
}

/** On a machine that stands still for a second an answer comes too late: whoever only looks asks again. */
function persistent<P extends object>(port: P): P {
  const again = async (call: () => Promise<unknown>): Promise<unknown> => {
    for (let tried = 0; ; tried += 1) {
      try {
        return await call();
      } catch (error) {
        if (tried >= 50 || !(error instanceof OutsideError)) throw error;
        await sleep(100);
      }
    }
  };
  const methods = Object.entries(port).map(([name, method]) => [
    name,
    (...given: unknown[]) => again(() => (method as (...all: unknown[]) => Promise<unknown>)(...given)),
  ]);
  return Object.fromEntries(methods) as P;
}
