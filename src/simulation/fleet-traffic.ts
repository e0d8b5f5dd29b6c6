/**
 * The requests of every fleet: arrivals from the traffic, served by the workers that the cluster has ready. Time moves in
 * steps of five simulated seconds (or as the spec says) on a fixed grid, so that a world runs alike at every speed. Counts are expected values.
 */
import type { Millis } from '../core/model.js';
import { createQueueModel, type QueueModel, type QueueSpec } from './queue-model.js';
import type { Traffic } from './traffic.js';

const STEP_SECONDS = 5;

/** Unknown is null: the trace has a gap. */
export interface FleetTrafficSeen {
  /** Mean of the last minute. */
  requestsPerSecond: number | null;
  /** Of the newest step. */
  requestsPerSecondNow: number | null;
  backlog: number;
  oldestAgeSeconds: number;
  /** Since the world began. */
  arrived: number;
  completed: number;
  /** `arrived` at the end of each step of the last minute and a little more, oldest first. */
  samples: { at: Millis; published: number }[];
}

export interface FleetTraffic {
  readonly now: Millis;
  fleet(name: string): FleetTrafficSeen;
  /** Response times and late share over the last `seconds`, at most 300. */
  window(name: string, seconds: number): { p95Seconds: number | null; lateShare: number | null };
  /** Over the whole run; unserved requests that are overdue count as late. */
  totals(): { arrivals: number; late: number };
  /** Requests that come besides the traffic, with the next step. */
  add(name: string, requests: number): void;
  /** One step on the grid; false when the next would end after `to`. */
  step(to: Millis, ready: (fleet: string) => number): boolean;
  save(): SavedTraffic;
}

interface FleetState {
  recent: (number | null)[];
  backlog: number;
  oldestAgeSeconds: number;
  arrived: number;
  completed: number;
  samples: { at: Millis; published: number }[];
  /** Besides the traffic, for the next step. */
  added?: number;
}

export interface SavedTraffic {
  now: Millis;
  fleets: Record<string, { state: FleetState; queue: unknown }>;
}

export interface FleetTrafficSpec {
  start: Millis;
  traffic: Traffic;
  /** After this moment nothing arrives, which is known and no gap; null: it never ends. */
  endsAt: Millis | null;
  fleets: (QueueSpec & { name: string })[];
  /** A divisor of 60; 5 when absent. */
  stepSeconds?: number;
}

export function createFleetTraffic(spec: FleetTrafficSpec, saved: SavedTraffic | null = null): FleetTraffic {
  const stepSeconds = spec.stepSeconds ?? STEP_SECONDS;
  const stepMs = stepSeconds * 1_000;
  const stepsPerMinute = 60 / stepSeconds;
  let now = saved?.now ?? Math.floor(spec.start / stepMs) * stepMs;
  const fleets = new Map(
    spec.fleets.map((fleet) => {
      const kept = saved?.fleets[fleet.name];
      const state = kept?.state ?? emptyState();
      return [fleet.name, { state, queue: createQueueModel(fleet, kept?.queue) }] as const;
    }),
  );
  const known = (name: string): { state: FleetState; queue: QueueModel } => {
    const found = fleets.get(name);
    if (found === undefined) throw new Error(`no fleet named ${name}`);
    return found;
  };
  const rate = (name: string): number | null =>
    spec.endsAt !== null && now >= spec.endsAt ? 0 : spec.traffic.requestsPerSecond(name, now + stepMs / 2);

  return {
    get now() {
      return now;
    },
    fleet: (name) => {
      const { recent, backlog, oldestAgeSeconds, arrived, completed, samples } = known(name).state;
      return {
        requestsPerSecond: meanRate(recent, stepsPerMinute),
        requestsPerSecondNow: recent.at(-1) ?? null,
        ...{ backlog, oldestAgeSeconds, arrived, completed, samples },
      };
    },
    window: (name, seconds) => known(name).queue.window(seconds),
    totals: () => {
      const all = [...fleets.values()].map(({ queue }) => queue.totals());
      return {
        arrivals: all.reduce((sum, { arrivals }) => sum + arrivals, 0),
        late: all.reduce((sum, { late }) => sum + late, 0),
      };
    },
    add: (name, requests) => {
      const { state } = known(name);
      state.added = (state.added ?? 0) + requests;
    },
    step: (to, ready) => {
      if (now + stepMs > to) return false;
      for (const [name, { state, queue }] of fleets) {
        const arriving = rate(name);
        const arrivals = (arriving ?? 0) * stepSeconds + (state.added ?? 0);
        delete state.added;
        const seen = queue.step({ seconds: stepSeconds, arrivals, ready: ready(name) });
        state.recent.push(arriving);
        if (state.recent.length > stepsPerMinute) state.recent.shift();
        state.backlog = seen.backlog;
        state.oldestAgeSeconds = seen.oldestAgeSeconds;
        state.arrived += arrivals;
        state.completed += seen.completed;
        state.samples.push({ at: now + stepMs, published: state.arrived });
        if (state.samples.length > stepsPerMinute + 2) state.samples.shift();
      }
      now += stepMs;
      return true;
    },
    save: () => ({
      now,
      fleets: Object.fromEntries(
        [...fleets].map(([name, { state, queue }]) => [
          name,
          { state: structuredClone(state), queue: queue.save() },
        ]),
      ),
    }),
  };
}

const emptyState = (): FleetState => ({
  recent: [],
  backlog: 0,
  oldestAgeSeconds: 0,
  arrived: 0,
  completed: 0,
  samples: [],
});

function meanRate(recent: (number | null)[], stepsPerMinute: number): number | null {
  // A gap in the trace says nothing about demand; once half of the last minute is known, its mean is.
  const enough = stepsPerMinute / 2;
  let sum = 0;
  let count = 0;
  for (const rate of recent) {
    if (rate === null) continue;
    sum += rate;
    count += 1;
  }
  // The newest step decides whether anything is known now: a gap shows at once.
  if (recent.at(-1) === null || count < Math.min(enough, recent.length) || count === 0) return null;
  return sum / count;
}
