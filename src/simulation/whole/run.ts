/**
 * Whole days of the whole app in virtual time: one seed decides the fleets, the traffic, the faults and what people type,
 * and so every line of the log. Nothing waits: time jumps to whatever is due next, and a call that takes long lets the
 * other replicas work meanwhile, so that runs interleave at every call of a port.
 */
import type { Ports } from '../../app.js';
import type { FleetConfig } from '../../config.js';
import type { Millis } from '../../core/model.js';
import type { Store } from '../../ports.js';
import { createRandom, seedFor } from '../random.js';
import { createTraffic, type Traffic } from '../traffic.js';
import type { PagerTwin, Workspace } from './chat.js';
import { createFaults, type Faults, type Window } from './faults.js';
import { fleetsOf } from './fleets.js';
import { answerProposals, bringToAnEnd } from './full/end.js';
import { eventsOf, operatorsOf } from './full/script.js';
import { createWatchers } from './full/watcher.js';
import { type Broken, type Counts, count, createJudge } from './judge.js';
import { createDayLog, type DayLog } from './log.js';
import { createPeers } from './peers.js';
import { peopleOf, type Typed, tidyingUp } from './people.js';
import { type Plan, planOf } from './plan.js';
import { createProcess } from './process.js';
import { tellQuiet, tidyUp } from './quiet.js';
import { createReplicas } from './replicas.js';
import { createTime } from './time.js';
import { createTruth, type Truth } from './truth.js';
import { createSay, workOn } from './work.js';
import { createWorld, type Placement, type World } from './world.js';

export type { Broken } from './judge.js';

export interface WholeSpec {
  seed: number;
  days: number;
  /** Given ones replace what the seed would choose. */
  fleets?: FleetConfig[];
  traffic?: Traffic;
  plan?: Plan;
  people?: Typed[];
  /** With rollouts, maintenances, remedies and a pager that talks back; plain days have none of them. */
  full?: boolean;
  /** How the scheduler places workers; on full days the seed decides, else as in an old Nomad without sticky disks. */
  placement?: Placement;
  /** Lines of the log that are kept. */
  keep?: number;
  /** Ends the day as soon as one of these invariants is broken. */
  stopAt?: string[];
  /** A bug to plant: what the app gets instead of the fleets and the ports. The invariants keep the truth. */
  plant?: {
    fleets?: (fleets: FleetConfig[]) => FleetConfig[];
    ports?: (ports: Ports, truth: Truth) => Ports;
    /** What all processes share: told to the invariants as it says it did. */
    store?: (store: Store) => Store;
  };
}

export interface WholeResult extends Counts {
  seed: number;
  days: number;
  digest: string;
  lines: number;
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
  readonly store: Store;
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

const HOUR = 3_600_000;
/** Monday, half past midnight in India. */
export const START = Date.UTC(2026, 0, 4, 19, 0);

/** Runs that hang keep each other waiting here, longer than they would as processes of their own: not for whole cycles. */
const briefly = (window: Window): Window =>
  window.illness === 'slow' ? { ...window, until: Math.min(window.until, window.from + HOUR / 4) } : window;

/** Full days are short: they begin at any hour, so that some of them meet the peak. */
const startOf = ({ seed, full }: WholeSpec): Millis =>
  full === true ? START + createRandom(seedFor(seed, 'start')).int(24) * HOUR : START;

export async function runWhole(spec: WholeSpec): Promise<WholeResult> {
  const whole = await createWhole(spec);
  const stops = (): boolean =>
    whole.broken.some(({ invariant }) => spec.stopAt?.includes(invariant) === true);
  const hours = Math.round(24 * spec.days);
  for (let hour = 1; hour <= hours && !stops(); hour += 1) await whole.passTo(startOf(spec) + hour * HOUR);
  if (!stops()) await whole.quiet();
  return whole.result();
}

export async function createWhole(spec: WholeSpec): Promise<Whole> {
  const { seed, full = false } = spec;
  const start = startOf(spec);
  const end = start + spec.days * 24 * HOUR;
  const fleets = spec.fleets ?? fleetsOf(seed);
  const plan = spec.plan ?? planOf(seed, fleets, start, end);
  const placement = spec.placement ?? (full ? placementOf(seed) : undefined);
  const world = createWorld(seed, start, fleets, spec.traffic ?? trafficOf(seed, fleets), placement);
  const log = createDayLog(spec.keep);
  const windows = full ? plan.windows.map(briefly) : plan.windows;
  const faults = createFaults(seed, windows, plan.rates, plan.strokes);
  const counts = {
    decisions: 0,
    actions: 0,
    faults: plan.windows.length + plan.happenings.length,
    commands: 0,
    checked: 0,
    kills: {},
    ends: {},
  };
  const { truth, broken } = createJudge(createTruth(start, fleets, world), log, counts);
  const twice = (): void => {
    counts.faults += 1;
  };
  const peers = createPeers(truth, fleets, faults, twice, {
    pagerdutySeed: full ? seed : null,
    plantStore: spec.plant?.store,
  });
  const { store, queue, workspace, pager, pagerduty } = peers;

  const plantPorts = spec.plant?.ports;
  const replicas = createReplicas(world.now, (name) =>
    createProcess({
      name,
      world: {
        now: world.now,
        faults,
        passTo: (to, goesOn) => time.passTo(to, goesOn),
        note: (text) => {
          counts.faults += 1;
          log.line(world.now(), text);
        },
        storeFailed: () => truth.tell({ kind: 'store-down' }),
        died: (where) => count(counts.kills, where),
      },
      bare: peers.ports,
      fleets: spec.plant?.fleets?.(fleets) ?? fleets,
      ...(plantPorts === undefined ? {} : { plant: (ports: Ports) => plantPorts(ports, truth) }),
    }),
  );
  const happenings = [...plan.happenings];
  const typed = [...(spec.people ?? peopleOf(seed, fleets, start, end))];
  const say = createSay(replicas, truth, log, counts);
  const watchers = createWatchers(world, queue.queue.enqueue);
  if (pagerduty !== null && spec.people === undefined) {
    const span = { seed, fleets, from: start, until: end };
    typed.push(...operatorsOf(span));
    happenings.push(...eventsOf(span, pagerduty));
    for (const list of [typed, happenings]) list.sort((a, b) => a.at - b.at);
  }
  const answers = createRandom(seedFor(seed, 'answers'));
  const eachMinute = async (): Promise<void> => {
    await watchers.turn();
    if (faults.isOver() || !answers.chance(0.3)) return;
    await answerProposals(store, say, () => answers.chance(0.8));
  };
  const time = createTime({
    ...{ truth, log, store, queue, replicas, happenings, typed, say },
    ...(full ? { eachMinute } : {}),
  });
  await workOn(queue, replicas, truth);

  return {
    ...{ world, truth, faults, workspace, pager, store, log, broken, say },
    passTo: (at) => time.passTo(at),
    pass: (ms) => time.passTo(world.now() + ms),
    async quiet() {
      faults.stop();
      typed.length = 0;
      for (const { does, ends } of happenings.splice(0)) if (ends !== false) await does(world);
      log.line(world.now(), 'the faults are over');
      for (const { text, by } of tidyingUp(fleets, world.now())) await say(text, by);
      if (pagerduty !== null) await bringToAnEnd({ fleets, world, store, pagerduty, say, time, log });
      const since = world.now();
      await tidyUp(fleets, since, say, time);
      await tellQuiet(truth, store, since, pagerduty);
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
}

/** In some worlds nobody knows with which worker the scheduler begins. */
export const placementOf = (seed: number): Placement => ({
  sticky: true,
  sharedNumbers: createRandom(seedFor(seed, 'numbers')).chance(0.3),
});

const trafficOf = (seed: number, fleets: FleetConfig[]): Traffic =>
  createTraffic({
    seed,
    perDay: 90_000,
    shares: Object.fromEntries(fleets.map(({ name }, n) => [name, n === 0 ? 1 : 0.6])),
  });
