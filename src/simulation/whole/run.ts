/**
 * Whole days of the whole app in virtual time: one seed decides the fleets, the traffic, the faults and what people type,
 * and so every line of the log. Nothing waits: time jumps to whatever is due next, and a call that takes long lets the
 * other replicas work meanwhile, so that runs interleave at every call of a port.
 */
import type { Ports } from '../../app.js';
import type { FleetConfig } from '../../config.js';
import { type Millis, origin, target } from '../../core/model.js';
import { cycleMs } from '../../core/policy.js';
import { OutsideError } from '../../errors.js';
import { Crashed, createMemoryQueue } from '../memory-queue.js';
import { createMemoryStore } from '../memory-store.js';
import { createSimulatedNodeGroups, createSimulatedOrchestrator } from '../orchestrator.js';
import { createTraffic, type Traffic } from '../traffic.js';
import { createPagerTwin, createWorkspace, type PagerTwin, type Workspace } from './chat.js';
import type { EventKind, WholeEvent } from './event.js';
import { createFaults, type Faults } from './faults.js';
import { CHANNEL, fleetsOf } from './fleets.js';
import { invariants, type Watch } from './invariants.js';
import { createDayLog, type DayLog } from './log.js';
import { createMetrics } from './metrics.js';
import { peopleOf, type Typed, tidyingUp } from './people.js';
import { type Happening, type Plan, planOf } from './plan.js';
import { type BotProcess, createProcess } from './process.js';
import { createTruth, type Truth } from './truth.js';
import { watchedNodeGroups, watchedOrchestrator, watchedStore } from './watched.js';
import { createWorld, type World } from './world.js';

export interface WholeSpec {
  seed: number;
  days: number;
  /** Given ones replace what the seed would choose. */
  fleets?: FleetConfig[];
  traffic?: Traffic;
  plan?: Plan;
  people?: Typed[];
  /** Lines of the log that are kept. */
  keep?: number;
  /** Ends the day as soon as one of these invariants is broken. */
  stopAt?: string[];
  /** A bug to plant: what the app gets instead of the fleets and the ports. The invariants keep the truth. */
  plant?: {
    fleets?: (fleets: FleetConfig[]) => FleetConfig[];
    ports?: (ports: Ports, truth: Truth) => Ports;
  };
}

export interface Broken {
  invariant: string;
  at: Millis;
  /** Events before it: the step. */
  step: number;
  what: string;
}

export interface WholeResult {
  seed: number;
  days: number;
  digest: string;
  lines: number;
  decisions: number;
  actions: number;
  faults: number;
  commands: number;
  /** Times an invariant was checked. */
  checked: number;
  broken: Broken[];
  log: string[];
}

/** A running world: a story moves it itself. */
export interface Whole {
  readonly world: World;
  readonly truth: Truth;
  readonly faults: Faults;
  readonly workspace: Workspace;
  readonly pager: PagerTwin;
  readonly store: ReturnType<typeof createMemoryStore>;
  readonly log: DayLog;
  readonly broken: Broken[];
  /** Lets so much time pass. */
  pass(ms: Millis): Promise<void>;
  passTo(at: Millis): Promise<void>;
  say(text: string, by?: Typed['by']): Promise<string>;
  /** Ends all faults, lets three cycles go by and looks whether all is well. */
  quiet(): Promise<void>;
  result(): WholeResult;
}

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
/** Monday, half past midnight in India. */
export const START = Date.UTC(2026, 0, 4, 19, 0);
/** Runs under way at once, over all replicas. */
const MOST_RUNS = 4;
const MOST_BROKEN = 20;
const LOCK_MS = 30_000;
const LEASE_MS = 60_000;

export async function runWhole(spec: WholeSpec): Promise<WholeResult> {
  const whole = await createWhole(spec);
  const stops = (): boolean =>
    whole.broken.some(({ invariant }) => spec.stopAt?.includes(invariant) === true);
  for (let hour = 1; hour <= 24 * spec.days && !stops(); hour += 1)
    await whole.passTo(START + hour * 60 * MINUTE);
  if (!stops()) await whole.quiet();
  return whole.result();
}

export async function createWhole(spec: WholeSpec): Promise<Whole> {
  const { seed } = spec;
  const end = START + spec.days * DAY;
  const fleets = spec.fleets ?? fleetsOf(seed);
  const traffic =
    spec.traffic ??
    createTraffic({
      seed,
      perDay: 90_000,
      shares: Object.fromEntries(fleets.map(({ name }, n) => [name, n === 0 ? 1 : 0.6])),
    });
  const plan = spec.plan ?? planOf(seed, fleets, START, end);
  const world = createWorld(seed, START, fleets, traffic);
  const log = createDayLog(spec.keep);
  const faults = createFaults(seed, plan.windows, plan.rates, plan.strokes);
  const told = createTruth(START, fleets, world);
  const broken: Broken[] = [];
  const counts = {
    decisions: 0,
    actions: 0,
    faults: plan.windows.length + plan.happenings.length,
    commands: 0,
    checked: 0,
  };

  const watches = invariants.map(({ name, watch }) => ({ name, watch: watch(told) }));
  const listeners = new Map<EventKind, { name: string; check: (event: WholeEvent) => string | null }[]>();
  for (const { name, watch } of watches)
    for (const [kind, check] of Object.entries(watch) as [EventKind, Watch[EventKind]][]) {
      const all = listeners.get(kind) ?? [];
      all.push({ name, check: check as (event: WholeEvent) => string | null });
      listeners.set(kind, all);
    }
  const truth: Truth = {
    ...told,
    tell(event) {
      told.tell(event);
      note(event);
      for (const { name, check } of listeners.get(event.kind) ?? []) {
        counts.checked += 1;
        const what = check(event);
        if (what === null || broken.length >= MOST_BROKEN) continue;
        broken.push({ invariant: name, at: world.now(), step: told.order(), what });
        log.line(world.now(), `BROKEN ${name}: ${what}`);
      }
    },
  };
  const note = (event: WholeEvent): void => {
    const text = lineOf(event);
    if (event.kind === 'decision') counts.decisions += 1;
    if (event.kind === 'act') counts.actions += 1;
    if (text !== null) log.line(world.now(), text);
  };

  const store = createMemoryStore(world);
  const queue = createMemoryQueue(world, { lockMs: LOCK_MS });
  queue.deliverTwice(() => {
    const twice = faults.deliversTwice();
    if (twice) counts.faults += 1;
    return twice;
  });
  const workspace = createWorkspace(truth);
  const pager = createPagerTwin(truth);
  const metrics = createMetrics(world, fleets, faults, truth);
  const clock = { now: world.now, speed: 1, sleep: async () => {} };
  const orchestrator = createSimulatedOrchestrator({ cluster: world.cluster, clock });
  const nodeGroups = createSimulatedNodeGroups({ cluster: world.cluster, clock });

  /* ---- processes ---- */

  let processes: BotProcess[] = [];
  let born = 0;
  let ids = 0;
  const runs = new Set<{ until: Millis; abort: () => void }>();
  const planted = spec.plant?.fleets?.(fleets) ?? fleets;
  const aProcess = (): BotProcess => {
    const free = processes.find((one) => !one.busy && one.alive);
    if (free !== undefined) return free;
    born += 1;
    const plantPorts = spec.plant?.ports;
    const made = createProcess({
      name: `p${born}`,
      world: {
        now: world.now,
        faults,
        passTo,
        note: (text) => {
          counts.faults += 1;
          log.line(world.now(), text);
        },
        storeFailed: () => truth.tell({ kind: 'store-down' }),
      },
      bare: (view) => ({
        store: watchedStore(store, truth, view),
        queue: queue.queue,
        orchestrator: watchedOrchestrator(orchestrator, truth, view),
        nodeGroups: watchedNodeGroups(nodeGroups, fleets, truth, view),
        demand: metrics.demand,
        gauge: metrics.gauge,
        chat: workspace.chat,
        pager: pager.pager,
        meter: SILENT_METER,
        log: complaints,
        newId: () => {
          ids += 1;
          return `id${ids}`;
        },
        heartbeat: async () => {},
      }),
      fleets: planted,
      settings: { channel: CHANNEL, command: '/muster', leaseMs: LEASE_MS, maxOverrideSeconds: 86_400 },
      ...(plantPorts === undefined ? {} : { plant: (ports: Ports) => plantPorts(ports, truth) }),
    });
    processes.push(made);
    return made;
  };
  const complaints = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (fields: object, message: string) => {
      const error = 'error' in fields ? fields.error : null;
      if (
        !(error instanceof OutsideError) &&
        error instanceof Error &&
        !/took longer than/.test(error.message)
      )
        truth.tell({ kind: 'complained', message, error });
    },
  };

  /** Runs something in a process of its own until it ends, dies or is late. */
  async function inProcess<T>(
    name: string,
    deadlineMs: Millis,
    work: (process: BotProcess, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const process = aProcess();
    const { view } = process;
    Object.assign(view, { name: `${process.name} ${name}`, intentRead: 0, lease: null });
    process.busy = true;
    const control = new AbortController();
    let abort = (): void => {};
    const late = new Promise<never>((_, reject) => {
      abort = () => {
        const error = new Error(`${name} took longer than ${deadlineMs} ms`);
        control.abort(error);
        reject(error);
      };
    });
    const run = { until: world.now() + deadlineMs, abort };
    runs.add(run);
    const crash = process.died.then(() => {
      processes = processes.filter((one) => one !== process);
      throw new Crashed('killed');
    });
    const working = work(process, control.signal).finally(() => {
      process.busy = false;
    });
    try {
      return await Promise.race([working, crash, late]);
    } finally {
      runs.delete(run);
      late.catch(() => {});
      crash.catch(() => {});
      working.catch(() => {});
    }
  }

  /* ---- time ---- */

  const happenings: Happening[] = [...plan.happenings];
  const typed: Typed[] = [...(spec.people ?? peopleOf(seed, fleets, START, end))];
  let minute = START;
  let hour = START;

  const advance = (to: Millis): void => {
    world.advance(to);
    for (const run of runs) if (run.until < world.now()) run.abort();
  };
  const nextAt = (): Millis => {
    let next = minute;
    const first = happenings[0];
    if (first !== undefined && first.at < next) next = first.at;
    if (runs.size >= MOST_RUNS) return next;
    const word = typed[0];
    if (word !== undefined && word.at < next) next = word.at;
    return Math.min(next, queue.nextAt() ?? Infinity);
  };
  async function passTo(to: Millis, goesOn: () => boolean = () => true): Promise<void> {
    while (goesOn()) {
      const next = nextAt();
      if (next > to) break;
      advance(next);
      await turn();
    }
    if (goesOn()) advance(to);
  }
  /** The first thing that is due now. */
  async function turn(): Promise<void> {
    const now = world.now();
    if (minute <= now) {
      minute += MINUTE;
      truth.tell({ kind: 'minute', waiting: await store.waiting() });
      if (hour <= now) {
        hour += 60 * MINUTE;
        truth.tell({ kind: 'hour', auditOk: (await store.verifyAudit()).ok });
      }
      return;
    }
    const happening = happenings[0];
    if (happening !== undefined && happening.at <= now) {
      happenings.shift();
      log.line(now, happening.what);
      happening.does(world);
      if (happening.foreign !== undefined) truth.tell({ kind: 'foreign', ...happening.foreign });
      return;
    }
    const word = typed[0];
    if (word !== undefined && word.at <= now) {
      typed.shift();
      await say(word.text, word.by);
      return;
    }
    await queue.next();
  }

  async function say(text: string, by: Typed['by'] = SOMEBODY): Promise<string> {
    counts.commands += 1;
    const healthyBefore = counts.faults;
    let summary = '';
    let error: unknown = null;
    try {
      const reply = await inProcess('command', 60_000, ({ app }) => app.handle({ text, by, where: CHANNEL }));
      summary = reply.message.summary;
    } catch (thrown) {
      error = thrown;
    }
    const died = error instanceof Crashed || (error instanceof Error && /took longer/.test(error.message));
    if (died) summary = 'no answer';
    log.line(world.now(), `${by.name} typed "${text}": ${summary}`);
    truth.tell({
      kind: 'answered',
      said: text,
      error: died ? null : error,
      failed: /went wrong|did not answer/.test(summary),
      peersFailing: counts.faults > healthyBefore,
    });
    return summary;
  }

  const app = aProcess().app;
  await queue.schedule(app.schedules());
  await queue.work(
    Object.fromEntries(
      Object.entries(app.handlers()).map(([job, { deadlineMs }]) => [
        job,
        {
          deadlineMs,
          run: async (data: unknown, { slot }: { slot: Millis | null }) => {
            const fleet = (data as { fleet?: string }).fleet;
            const name = fleet === undefined ? job : `${job} ${fleet}`;
            try {
              await inProcess(name, deadlineMs, (process, signal) =>
                process.app.handlers()[job]!.run(data, { signal, slot }),
              );
            } catch (error) {
              const isFault =
                error instanceof OutsideError ||
                error instanceof Crashed ||
                (error instanceof Error && /took longer than/.test(error.message));
              truth.tell({ kind: 'job-failed', job: name, error, isFault });
              throw error;
            }
          },
        },
      ]),
    ),
    { concurrency: 1 },
  );

  const whole: Whole = {
    ...{ world, truth, faults, workspace, pager, store, log, broken },
    passTo: (at) => passTo(at),
    pass: (ms) => passTo(world.now() + ms),
    say,
    async quiet() {
      faults.stop();
      typed.length = 0;
      for (const { does } of happenings.splice(0)) does(world);
      const since = world.now();
      log.line(since, 'the faults are over');
      for (const { text, by } of tidyingUp(fleets, since)) await say(text, by);
      const longest = Math.max(...fleets.map(({ policy }) => cycleMs(policy)));
      // Late in a cycle: what its decision began has ended by then.
      await passTo(Math.ceil(since / longest) * longest + 4 * longest - MINUTE / 2);
      const states = await Promise.all(
        fleets.map(async ({ name }) => {
          const { desired, lastCycle } = await store.fleet(name);
          return {
            name,
            status: desired?.status ?? null,
            wantedSince: desired?.at ?? null,
            wanted: truth.latest(name)?.decision.placement ?? null,
            standing: world
              .zones(name)
              .map((zone) => ({ zone: zone.zone, workers: zone.desired, ready: zone.ready })),
            alertFiring: (await store.alert(name))?.phase === 'firing',
            lastCycle,
          };
        }),
      );
      const auditOk = (await store.verifyAudit()).ok;
      truth.tell({ kind: 'hour', auditOk });
      truth.tell({ kind: 'quiet', quietSince: since, fleets: states, waiting: await store.waiting() });
    },
    result: () => ({
      seed,
      days: spec.days,
      digest: log.digest(),
      lines: log.count(),
      ...counts,
      broken,
      log: log.newest(),
    }),
  };
  return whole;
}

const SOMEBODY = { id: 'slack:U1', name: 'Asha', timeZone: 'Asia/Kolkata' };

const SILENT_METER: Ports['meter'] = {
  decided() {},
  fleet() {},
  peerFailed() {},
  outbox() {},
  job() {},
};

/** What the log says of an event; null: nothing. */
function lineOf(event: WholeEvent): string | null {
  switch (event.kind) {
    case 'decision': {
      const { id, trigger, decision, status } = event.record;
      const codes = decision.reasons.map(({ code }) => code).join(' ');
      const places = decision.placement.map(({ workers }) => workers).join('+');
      return `${id} (${trigger}, ${status}): ${origin(decision)} -> ${target(decision)} = ${places} [${codes}]`;
    }
    case 'act':
      return 'asked' in event
        ? `${event.run.name}: ${event.what} ${event.fleet} ${event.zone} ${event.before} -> ${event.after} (${event.asked} asked) for ${event.decisionId}`
        : `${event.run.name}: ${event.what} ${event.zone} ${event.nodes.join(', ')} for ${event.decisionId}`;
    case 'said':
      return `${event.how} ${event.channel} ${event.key} ${event.seq}`;
    case 'paged':
      return `page ${event.event.kind} ${event.event.kind === 'change' ? event.event.id : event.event.dedupKey}`;
    case 'override':
      return `override ${event.override.id} ${event.override.fleet} ${event.override.kind} ${event.override.workers}`;
    case 'override-ended':
    case 'freeze-ended':
      return `${event.kind} ${event.id}`;
    case 'freeze':
      return `freeze ${event.freeze.id} ${event.freeze.fleet} ${event.freeze.kind}`;
    case 'job-failed':
      return `${event.job} failed: ${event.error instanceof Error ? event.error.message : String(event.error)}`;
    case 'complained':
      return `complained: ${event.message}`;
    case 'quiet':
      return 'looked whether all is well';
    default:
      return null;
  }
}
