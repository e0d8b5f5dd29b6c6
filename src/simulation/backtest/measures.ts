/** What a policy cost and what its users felt. Shares lie in [0, 1]; hours are fleet hours; nothing is left out as warm-up. */
import type { QueueModel } from '../queue-model.js';
import type { Scenario } from './scenario.js';

export interface Measures {
  name: string;
  /** Integral of ready + starting + draining. */
  workerHours: number;
  nodeHours: number;
  cost: number;
  /** Worker-hours over those of the clairvoyant. */
  ratioToClairvoyant: number;
  /** Worker-hours over those of the static peak. */
  shareOfStatic: number;
  /** Requests later than the objective, unfinished ones included. */
  lateShare: number;
  p95Seconds: number | null;
  p99Seconds: number | null;
  worstFiveMinuteP95Seconds: number | null;
  /** Share of the minutes with traffic in business hours whose p95 keeps the objective. */
  availability: number | null;
  /** SPEC elasticity: mean of missing / needed workers, and of spare / needed. */
  underProvisioned: number;
  overProvisioned: number;
  /** Share of time with too few and with too many workers. */
  underProvisionedTime: number;
  overProvisionedTime: number;
  changes: number;
  longestBacklogAgeSeconds: number;
}

export interface MinuteSeen {
  at: number;
  index: number;
  ready: number;
  p95Seconds: number | null;
  oldestAgeSeconds: number;
}

export interface Meter {
  /** `total` workers exist for so many seconds. */
  exist(total: number, seconds: number): void;
  removed(workers: number): void;
  changed(): void;
  minute(seen: MinuteSeen, model: QueueModel): void;
  result(name: string, model: QueueModel): Measures;
}

export function createMeter(scenario: Scenario, demand: (number | null)[]): Meter {
  let workerSeconds = 0;
  let nodeSeconds = 0;
  let changes = 0;
  let longest = 0;
  let worst: number | null = null;
  const minutes = { known: 0, under: 0, over: 0, missing: 0, spare: 0, business: 0, good: 0 };
  const objective = scenario.objectiveSeconds;

  return {
    exist(total, seconds) {
      workerSeconds += total * seconds;
      nodeSeconds += nodesFor(total, scenario) * seconds;
    },
    removed(workers) {
      // Draining takes one service time of each.
      workerSeconds += workers * scenario.serviceSeconds;
    },
    changed() {
      changes++;
    },
    minute({ at, index, ready, p95Seconds, oldestAgeSeconds }, model) {
      longest = Math.max(longest, oldestAgeSeconds);
      // Five minutes are only worse than the worst so far if this minute is bad enough.
      if (p95Seconds !== null && (worst === null || p95Seconds > 0.5 * worst)) {
        const five = model.window(300).p95Seconds;
        if (five !== null && (worst === null || five > worst)) worst = five;
      }
      if (p95Seconds !== null && scenario.inHours(at)) {
        minutes.business++;
        if (p95Seconds <= objective) minutes.good++;
      }
      const needed = demand[index] ?? null;
      if (needed === null) return;
      minutes.known++;
      const gap = needed - ready;
      if (gap > 0) minutes.under++;
      if (gap < 0) minutes.over++;
      minutes.missing += Math.max(0, gap) / Math.max(1, needed);
      minutes.spare += Math.max(0, -gap) / Math.max(1, needed);
    },
    result(name, model) {
      const totals = model.totals();
      const known = Math.max(1, minutes.known);
      const nodeHours = nodeSeconds / 3_600;
      return {
        name,
        workerHours: workerSeconds / 3_600,
        nodeHours,
        cost: nodeHours * scenario.nodePricePerHour,
        ratioToClairvoyant: 1,
        shareOfStatic: 1,
        lateShare: totals.arrivals > 0 ? Math.min(1, totals.late / totals.arrivals) : 0,
        p95Seconds: totals.p95Seconds,
        p99Seconds: totals.p99Seconds,
        worstFiveMinuteP95Seconds: worst,
        availability: minutes.business > 0 ? minutes.good / minutes.business : null,
        underProvisioned: minutes.missing / known,
        overProvisioned: minutes.spare / known,
        underProvisionedTime: minutes.under / known,
        overProvisionedTime: minutes.over / known,
        changes,
        longestBacklogAgeSeconds: longest,
      };
    },
  };
}

/** Nodes that hold the workers, odd-even over the zones. */
export function nodesFor(workers: number, { zones, slotsPerNode }: Scenario): number {
  if (slotsPerNode === 1) return workers;
  let nodes = 0;
  for (let zone = 0; zone < zones; zone++) {
    const here = Math.floor(workers / zones) + (zone < workers % zones ? 1 : 0);
    nodes += Math.ceil(here / slotsPerNode);
  }
  return nodes;
}
