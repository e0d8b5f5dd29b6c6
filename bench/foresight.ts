/**
 * What knowing the future would be worth to a policy that is bound like Muster: cuts at cycles only, raises each minute,
 * a start-up ahead of their use. It separates what a better forecast could still save from what no forecast can.
 */
import type { Measures } from '../src/simulation/backtest/measures.js';
import { runPolicy } from '../src/simulation/backtest/run.js';
import type { Scaler } from '../src/simulation/backtest/scaler.js';
import { clamp, type Scenario, workersAt } from '../src/simulation/backtest/scenario.js';

/** Minutes known on each side of the one that is decided about. */
const KNOWN_AROUND = 4;
/** Minutes on each side whose errors make the spread of one: four hours. */
const SPREAD_AROUND = 240;
/** One jump says little about the spread of its day. */
const MOST_ERROR = 1;
/** Shares of the minutes that the margin leaves uncovered, from more late requests to fewer. */
const UNCOVERED = [0.1, 0.08, 0.06, 0.04, 0.027];

export interface Foresight {
  /** Each minute is known. */
  all: Measures;
  /** Of each minute all is known but itself; by growing margin. */
  around: Measures[];
}

export function foresight(scenario: Scenario, demand: (number | null)[]): Foresight {
  const known = surroundings(scenario);
  return {
    all: runPolicy(
      scenario,
      demand,
      bound(scenario, 'each minute known', (i) => demand[i] ?? 0),
    ),
    around: UNCOVERED.map((share) => {
      const margin = known.quantile(1 - share);
      const need = (i: number): number => {
        const root = known.level[i] === undefined ? 0 : known.level[i] + margin * known.spread[i]!;
        return workersAt(scenario, Math.max(0, root) ** 2);
      };
      return runPolicy(scenario, demand, bound(scenario, 'surroundings known', need));
    }),
  };
}

/** Worker-hours at this share of late requests, on the line between two margins; null outside of those tried. */
export function workerHoursAt(tried: Measures[], lateShare: number): number | null {
  for (let i = 1; i < tried.length; i++) {
    const [more, fewer] = [tried[i - 1]!, tried[i]!];
    if (more.lateShare < lateShare || fewer.lateShare > lateShare) continue;
    const part = (more.lateShare - lateShare) / Math.max(1e-12, more.lateShare - fewer.lateShare);
    return more.workerHours + part * (fewer.workerHours - more.workerHours);
  }
  return null;
}

/** Asks for what `need` says of the minute a start-up ahead; a cycle may cut to it, if the minutes before allow that. */
function bound(scenario: Scenario, name: string, need: (minute: number) => number): Scaler {
  const lead = Math.ceil(scenario.startupSeconds / 60);
  return {
    name,
    everySeconds: 60,
    first: null,
    look({ at, ready, starting }) {
      const next = Math.round((at - scenario.start) / 60_000);
      if (at % (scenario.cycleSeconds * 1_000) !== 0) return Math.max(ready + starting, need(next + lead));
      let most = 0;
      for (let minute = next; minute <= next + lead; minute++) most = Math.max(most, need(minute));
      return clamp(scenario, most);
    },
  };
}

/** Levels, spreads and standardised errors on square roots of rates, as in the near forecast. */
function surroundings({ minutes }: Scenario): {
  level: number[];
  spread: number[];
  quantile: (share: number) => number;
} {
  const roots = minutes.map((count) => (count === null ? null : Math.sqrt(count / 60)));
  const level = roots.map((_, i) => meanAround(roots, i, KNOWN_AROUND) ?? 0);
  const squares = roots.map((root, i) =>
    root === null ? null : Math.min(MOST_ERROR, (root - level[i]!) ** 2),
  );
  const spread = squares.map((_, i) => Math.sqrt(meanAround(squares, i, SPREAD_AROUND) ?? 0));
  const errors = roots
    .flatMap((root, i) => (root === null ? [] : [(root - level[i]!) / Math.max(1e-9, spread[i]!)]))
    .sort((a, b) => a - b);
  return { level, spread, quantile: (share) => errors[Math.floor(share * (errors.length - 1))] ?? 0 };
}

/** Mean of those within `reach` of place i, itself left out. */
function meanAround(values: (number | null)[], i: number, reach: number): number | null {
  let sum = 0;
  let known = 0;
  for (let j = Math.max(0, i - reach); j <= Math.min(values.length - 1, i + reach); j++) {
    const value = values[j] ?? null;
    if (j === i || value === null) continue;
    sum += value;
    known++;
  }
  return known === 0 ? null : sum / known;
}
