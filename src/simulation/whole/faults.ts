/**
 * What goes wrong, drawn from the seed: windows in which a peer is ill, and single blows that hit one call. A blow falls
 * inside a port call, so that everything that surrounds the call in the bot is the real thing.
 */
import type { Millis } from '../../core/model.js';
import { OutsideError, type OutsideWhy } from '../../errors.js';
import { createRandom, type Random, seedFor } from '../random.js';

export type Peer = 'demand' | 'gauge' | 'orchestrator' | 'node-groups' | 'chat' | 'pager' | 'store' | 'queue';

/** How a peer is ill for a while. `stale` and `nostats` are lies of the metrics, which their twins tell. */
export type Illness = 'down' | 'slow' | 'flaky' | 'loses-answers' | 'rate-limited' | 'stale' | 'nostats';

export interface Window {
  peer: Peer;
  illness: Illness;
  /** Only this fleet's numbers; null for all. */
  fleet: string | null;
  from: Millis;
  until: Millis;
}

/** What befalls one call. */
export interface Blow {
  /** The call takes so long; others work meanwhile. */
  delayMs: Millis;
  /** The process dies before or after the act. */
  dies: 'before' | 'after' | null;
  /** 'refused': no act. 'lost': the act happens, its answer does not arrive. */
  fails: { how: 'refused' | 'lost'; error: OutsideError } | null;
  name: string;
}

/** A blow that a story wants: it falls once, on the first such call from then on. */
export interface Stroke extends Partial<Omit<Blow, 'name'>> {
  peer: Peer;
  method: string;
  from: Millis;
}

/** How often single blows fall, per call. */
export interface Rates {
  /** Of a process at any call, and at those that change something. */
  dies: number;
  diesWhenChanging: number;
  /** The process stands still (a collection of garbage, a swapped page, a busy machine). */
  pauses: number;
  /** A call takes some seconds, time enough for another replica. */
  lingers: number;
  lostAnswers: number;
  /** A job is delivered twice. */
  twice: number;
}

export const CALM: Rates = { dies: 0, diesWhenChanging: 0, pauses: 0, lingers: 0, lostAnswers: 0, twice: 0 };

/** A hanging peer is given up after this, as the adapters do. */
export const PEER_TIMEOUT_MS = 10_000;

export interface Faults {
  windows: Window[];
  rates: Rates;
  /** null: the call goes through. */
  /** `fleet`: whose numbers are asked for; null where the call concerns none alone. */
  strike(peer: Peer, method: string, now: Millis, fleet: string | null): Blow | null;
  deliversTwice(): boolean;
  illness(peer: Peer, now: Millis, fleet?: string): Window | null;
  /** Ends everything. */
  stop(): void;
  isOver(): boolean;
}

const CHANGING = new Set([
  'commitDecision',
  'progress',
  'setOverride',
  'endOverride',
  'setFreeze',
  'endFreeze',
  'setAlert',
  'scale',
  'grow',
  'drain',
  'remove',
  'post',
  'update',
  'reply',
  'send',
  'sent',
  'fold',
  'sentPager',
  'once',
  'saveMachine',
  'prepull',
  'endPrepull',
  'cordon',
  'uncordon',
  'stopWorker',
  'failDeployment',
  'promote',
  'revert',
  'move',
  'note',
]);

export function createFaults(
  seed: number,
  windows: Window[],
  rates: Rates,
  wanted: readonly Stroke[] = [],
): Faults {
  const random = createRandom(seedFor(seed, 'blows'));
  let strokes = wanted;
  let healthy = false;
  let now: Rates = rates;
  let ill = windows;
  const current = (peer: Peer, at: Millis, fleet: string | null): Window | null =>
    ill.find(
      (one) =>
        one.peer === peer &&
        one.from <= at &&
        at < one.until &&
        (one.fleet === null || fleet === null || one.fleet === fleet),
    ) ?? null;

  return {
    get windows() {
      return ill;
    },
    get rates() {
      return now;
    },
    strike(peer, method, at, fleet) {
      if (healthy) return null;
      const stroke = strokes.find((one) => one.peer === peer && one.method === method && one.from <= at);
      if (stroke !== undefined) {
        strokes = strokes.filter((one) => one !== stroke);
        return blow('is struck', stroke);
      }
      const changes = CHANGING.has(method);
      const dice = random.next();
      const dies = changes ? now.diesWhenChanging : now.dies;
      if (dice < dies) return blow('dies', { dies: random.chance(0.5) ? 'before' : 'after' });
      if (dice < dies + now.pauses) return blow('pauses', { delayMs: 1_000 * (5 + random.int(40)) });
      const window = ill.length === 0 ? null : current(peer, at, fleet);
      if (window !== null) {
        const struck = strikeOf(window.illness, peer, method, random);
        if (struck !== null) return struck;
      }
      const rest = dice - dies - now.pauses;
      if (rest < now.lingers) return blow('lingers', { delayMs: 500 + random.int(8_000) });
      if (rest < now.lingers + now.lostAnswers && peer !== 'queue')
        return blow('loses its answer', { fails: failing(peer, method, 'timeout', 'lost'), delayMs: 5_000 });
      return null;
    },
    deliversTwice: () => !healthy && random.chance(now.twice),
    illness: (peer, at, fleet) => (ill.length === 0 ? null : current(peer, at, fleet ?? null)),
    isOver: () => healthy,
    stop() {
      healthy = true;
      now = CALM;
      ill = [];
    },
  };
}

function strikeOf(illness: Illness, peer: Peer, method: string, random: Random): Blow | null {
  switch (illness) {
    case 'down':
      return blow('is down', { fails: failing(peer, method, 'unreachable', 'refused') });
    case 'slow':
      return blow('hangs', {
        delayMs: peer === 'store' || peer === 'queue' ? 1_000 : PEER_TIMEOUT_MS,
        fails: failing(peer, method, 'timeout', random.chance(0.5) ? 'lost' : 'refused'),
      });
    case 'flaky':
      return random.chance(0.4) ? blow('errs', { fails: failing(peer, method, 'error', 'refused') }) : null;
    case 'loses-answers':
      return random.chance(0.5)
        ? blow('loses its answer', { fails: failing(peer, method, 'timeout', 'lost'), delayMs: 3_000 })
        : null;
    case 'rate-limited':
      return blow('limits', { fails: failing(peer, method, 'rate-limited', 'refused', 30_000) });
    case 'stale':
    case 'nostats':
      return null;
  }
}

const blow = (name: string, { delayMs = 0, dies = null, fails = null }: Partial<Blow>): Blow => ({
  name,
  delayMs,
  dies,
  fails,
});

/** Peers' names as people know them: messages and reasons carry these. */
const NAMES: Record<Peer, string> = {
  demand: 'rabbitmq',
  gauge: 'prometheus',
  orchestrator: 'nomad',
  'node-groups': 'gce',
  chat: 'slack',
  pager: 'pagerduty',
  store: 'redis',
  queue: 'redis',
};

function failing(
  peer: Peer,
  method: string,
  why: OutsideWhy,
  how: 'refused' | 'lost',
  retryAfterMs?: Millis,
): Blow['fails'] {
  const words = why === 'timeout' ? 'no answer in time' : `simulated: ${why}`;
  const error = new OutsideError(NAMES[peer], method, words, {
    class: 'retry',
    why,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  return { how, error };
}
