/** The script of a seeded day: when peers are ill, zones go out, others meddle, and how thick single blows fall. */
import type { FleetConfig } from '../../config.js';
import type { Millis } from '../../core/model.js';
import { createRandom, type Random, seedFor } from '../random.js';
import type { Illness, Peer, Rates, Stroke, Window } from './faults.js';
import { fixedNodes, ZONES } from './fleets.js';
import type { World } from './world.js';

/** Something that happens to the world at a moment. */
export interface Happening {
  at: Millis;
  what: string;
  /** Set when a count is changed by somebody else. */
  foreign?: { fleet: string; zone: string };
  does(world: World): void | Promise<void>;
  /** False: when the day ends before it happens, it does not happen. Everything else that is begun is ended then. */
  ends?: false;
}

export interface Plan {
  windows: Window[];
  happenings: Happening[];
  rates: Rates;
  /** Blows at chosen calls, for stories. */
  strokes?: Stroke[];
}

const MINUTE = 60_000;

const ILLNESSES: Record<Peer, Illness[]> = {
  demand: ['down', 'slow', 'flaky', 'stale', 'nostats', 'stale', 'nostats'],
  gauge: ['down', 'slow', 'stale', 'nostats'],
  orchestrator: ['down', 'slow', 'flaky', 'loses-answers', 'loses-answers'],
  'node-groups': ['down', 'flaky', 'loses-answers'],
  chat: ['down', 'slow', 'flaky', 'rate-limited', 'loses-answers'],
  pager: ['down', 'slow', 'loses-answers'],
  store: ['down', 'flaky', 'loses-answers'],
  queue: ['down', 'flaky'],
};

export function planOf(seed: number, fleets: FleetConfig[], from: Millis, until: Millis): Plan {
  const random = createRandom(seedFor(seed, 'plan'));
  const days = Math.max(1, Math.round((until - from) / (1_440 * MINUTE)));
  // Some seeds are calm and some are wild: one density for all would hide what only happens in peace.
  const weather = random.pick([0.3, 1, 1, 2]);
  const times = (most: number): number => Math.round(days * weather * most * random.next());
  const span = (shortest: number, longest: number): { from: Millis; until: Millis } => {
    const minutes = shortest * (longest / shortest) ** random.next();
    const start = from + random.next() * (until - from - minutes * MINUTE);
    return { from: Math.floor(start), until: Math.floor(start + minutes * MINUTE) };
  };
  const windows: Window[] = [];
  const ill = (peer: Peer, most: number, longest: number): void => {
    for (let n = times(most); n > 0; n -= 1) {
      const illness = random.pick(ILLNESSES[peer]);
      const fleet = peer === 'demand' || peer === 'gauge' ? aFleet(random, fleets) : null;
      windows.push({ peer, illness, fleet, ...span(1, longest) });
    }
  };
  ill('demand', 8, 120);
  ill('gauge', 4, 60);
  ill('orchestrator', 6, 45);
  ill('node-groups', 4, 45);
  ill('chat', 4, 60);
  ill('pager', 3, 60);
  ill('store', 3, 10);
  ill('queue', 2, 5);

  const happenings: Happening[] = [];
  for (let n = times(2); n > 0; n -= 1) happenings.push(...zoneGoes(random, span(10, 120)));
  for (let n = times(4); n > 0; n -= 1) happenings.push(meddling(random, fleets, span(1, 2).from));
  for (let n = times(2); n > 0; n -= 1) happenings.push(...cloudRefuses(random, fleets, span(10, 180)));
  for (let n = times(1); n > 0; n -= 1) happenings.push(...operatorFreezes(span(5, 60)));
  return {
    windows,
    happenings: happenings.sort((a, b) => a.at - b.at),
    rates: {
      dies: (weather * random.next()) / 2_500,
      diesWhenChanging: (weather * random.next()) / 250,
      pauses: (weather * random.next()) / 4_000,
      lingers: (weather * random.next()) / 60,
      lostAnswers: (weather * random.next()) / 2_000,
      twice: weather * random.next() * 0.02,
    },
  };
}

const aFleet = (random: Random, fleets: FleetConfig[]): string | null =>
  random.chance(0.4) ? null : random.pick(fleets).name;

type Span = { from: Millis; until: Millis };

function zoneGoes(random: Random, { from, until }: Span): Happening[] {
  const zone = random.pick(ZONES);
  return [
    { at: from, what: `${zone} goes out`, does: ({ cluster }) => cluster.setZone(zone, false) },
    { at: until, what: `${zone} comes back`, does: ({ cluster }) => cluster.setZone(zone, true) },
  ];
}

function meddling(random: Random, fleets: FleetConfig[], at: Millis): Happening {
  const fleet = random.pick(fleets);
  const zone = random.pick(ZONES);
  const workers = random.int(Math.ceil(fleet.policy.ceiling / 2) + 2);
  return {
    at,
    what: `somebody sets ${fleet.name} in ${zone} to ${workers}`,
    foreign: { fleet: fleet.name, zone },
    does: (world) => world.setCount(fleet, zone, workers),
  };
}

function cloudRefuses(random: Random, fleets: FleetConfig[], { from, until }: Span): Happening[] {
  const fleet = random.pick(fleets);
  const most = random.int(3);
  const usual = fleet.nodeGroups.kind === 'fixed' ? fixedNodes(fleet.policy) : 60;
  return [
    {
      at: from,
      what: `the cloud grants ${fleet.name} ${most} nodes a zone`,
      does: (w) => w.grant(fleet.name, most),
    },
    {
      at: until,
      what: `the cloud grants ${fleet.name} nodes again`,
      does: (w) => w.grant(fleet.name, usual),
    },
  ];
}

function operatorFreezes({ from, until }: Span): Happening[] {
  return [
    {
      at: from,
      what: 'the orchestrator refuses changes',
      does: ({ cluster }) => cluster.setFrozenByOperator(true),
    },
    {
      at: until,
      what: 'the orchestrator takes changes',
      does: ({ cluster }) => cluster.setFrozenByOperator(false),
    },
  ];
}
