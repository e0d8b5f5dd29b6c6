/**
 * Whole days of the whole app in virtual time: one seed decides the fleets, the traffic, the faults and what people type,
 * and so every line of the log. Nothing waits: time jumps to whatever is due next, and a call that takes long lets the
 * other replicas work meanwhile, so that runs interleave at every call of a port.
 */
import type { Ports } from '../../app.js';
import type { FleetConfig } from '../../config.js';
import type { Millis } from '../../core/model.js';
import type { Store } from '../../ports.js';
import { createTraffic, type Traffic } from '../traffic.js';
import type { PagerTwin, Workspace } from './chat.js';
import { createFaults, type Faults } from './faults.js';
import { fleetsOf } from './fleets.js';
import { type Broken, type Counts, createJudge } from './judge.js';
import { createDayLog, type DayLog } from './log.js';
import { createPeers } from './peers.js';
import { peopleOf, type Typed } from './people.js';
import { type Plan, planOf } from './plan.js';
import { createProcess } from './process.js';
import { tellQuiet, tidyUp } from './quiet.js';
import { createReplicas } from './replicas.js';
import { createTime } from './time.js';
import { createTruth, type Truth } from './truth.js';
import { createSay, workOn } from './work.js';
import { createWorld, type World } from './world.js';

export type { Broken } from './judge.js';

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

export async function runWhole(spec: WholeSpec): Promise<WholeResult> {
  const whole = await createWhole(spec);
  const stops = (): boolean =>
    whole.broken.some(({ invariant }) => spec.stopAt?.includes(invariant) === true);
  for (let hour = 1; hour <= 24 * spec.days && !stops(); hour += 1) await whole.passTo(START + hour * HOUR);
  if (!stops()) await whole.quiet();
  return whole.result();
}

export async function createWhole(spec: WholeSpec): Promise<Whole> {
  const { seed } = spec;
  const end = START + spec.days * 24 * HOUR;
  const fleets = spec.fleets ?? fleetsOf(seed);
  const plan = spec.plan ?? planOf(seed, fleets, START, end);
  const world = createWorld(seed, START, fleets, spec.traffic ?? trafficOf(seed, fleets));
  const log = createDayLog(spec.keep);
  const faults = createFaults(seed, plan.windows, plan.rates, plan.strokes);
  const counts = {
    decisions: 0,
    actions: 0,
    faults: plan.windows.length + plan.happenings.length,
    commands: 0,
    checked: 0,
  };
  const { truth, broken } = createJudge(createTruth(START, fleets, world), log, counts);
  const peers = createPeers(truth, fleets, faults, () => {
    counts.faults += 1;
  });
  const { store, queue, workspace, pager } = peers;

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
      },
      bare: peers.ports,
      fleets: spec.plant?.fleets?.(fleets) ?? fleets,
      ...(plantPorts === undefined ? {} : { plant: (ports: Ports) => plantPorts(ports, truth) }),
    }),
  );
  const happenings = [...plan.happenings];
  const typed = [...(spec.people ?? peopleOf(seed, fleets, START, end))];
  const say = createSay(replicas, truth, log, counts);
  const time = createTime({ truth, log, store, queue, replicas, happenings, typed, say });
  await workOn(queue, replicas, truth);

  return {
    ...{ world, truth, faults, workspace, pager, store, log, broken, say },
    passTo: (at) => time.passTo(at),
    pass: (ms) => time.passTo(world.now() + ms),
    async quiet() {
      faults.stop();
      typed.length = 0;
      for (const { does } of happenings.splice(0)) does(world);
      const since = world.now();
      log.line(since, 'the faults are over');
      await tidyUp(fleets, since, say, time);
      await tellQuiet(truth, store, since);
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

const trafficOf = (seed: number, fleets: FleetConfig[]): Traffic =>
  createTraffic({
    seed,
    perDay: 90_000,
    shares: Object.fromEntries(fleets.map(({ name }, n) => [name, n === 0 ? 1 : 0.6])),
  });
