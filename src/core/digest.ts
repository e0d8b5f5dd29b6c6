/** A fleet's last day in numbers, from the samples and decisions that are stored anyway. */
import { z } from 'zod';
import { localTime, momentOf } from './local-time.js';
import type { DecisionSummary, Millis, Sample } from './model.js';
import { objectiveHolds, workersForRate } from './need.js';
import type { Policy } from './policy.js';
import { wallTime } from './time-zone.js';

export const digestSchema = z
  .strictObject({
    at: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 09:00')
      .default('09:00'),
    timeZone: z.string().refine(isTimeZone, 'must be an IANA time zone').default('UTC'),
  })
  .nullable();

export type DigestTime = NonNullable<z.output<typeof digestSchema>>;

/** A digest that is later than this is no morning's reading any more. */
const PATIENCE_MS = 3 * 3_600_000;
const MINUTE = 60_000;

export interface DigestDay {
  from: Millis;
  to: Millis;
  /** Its name, '2026-01-05'. */
  day: string;
}

/** The day that ends at the digest's time, when that was a short while ago; else null. */
export function digestDue(now: Millis, { at, timeZone }: DigestTime): DigestDay | null {
  const local = localTime(now, timeZone);
  const [hour = 0, minute = 0] = at.split(':').map(Number);
  const time = { ...local, hour, minute, second: 0 };
  const to = momentOf(time, timeZone);
  if (now < to || now - to >= PATIENCE_MS) return null;
  const two = (part: number): string => String(part).padStart(2, '0');
  return {
    from: momentOf({ ...time, day: time.day - 1 }, timeZone),
    to,
    day: `${local.year}-${two(local.month)}-${two(local.day)}`,
  };
}

/** What a cycle foresaw for its horizon, requests per second. */
export interface Foreseen {
  from: Millis;
  to: Millis;
  forecast: number | null;
  sizedFor: number | null;
}

export interface FleetDay {
  fleet: string;
  currency: string;
  /** Of the day's minutes those with a known count of workers. */
  minutes: number;
  cost: number;
  /** The same minutes, sized all day for the day's highest minute; null: demand was never known. */
  staticPeak: number | null;
  /** Minutes in the objective's hours whose p95 was above it, and those whose p95 is known. */
  late: number;
  judged: number;
  raises: number;
  cuts: number;
  forecast: {
    cycles: number;
    /** Sum of the misses over the sum of the peaks that came. */
    error: number;
    /** Cycles that saw more than they were sized for. */
    over: number;
    worst: { at: Millis; foreseen: number; came: number };
  } | null;
}

/** null: nothing is known of that day. */
export function fleetDay(
  fleet: string,
  policy: Policy,
  day: DigestDay,
  seen: { samples: Sample[]; decisions: DecisionSummary[]; foreseen: Foreseen[] },
): FleetDay | null {
  const inDay = <T extends { at: Millis }>(list: T[]): T[] =>
    list.filter(({ at }) => at > day.from && at <= day.to);
  const samples = inDay(seen.samples);
  const nodes = samples.flatMap(({ ready, starting }) =>
    ready === null ? [] : [nodesFor(ready + (starting ?? 0), policy)],
  );
  if (nodes.length === 0) return null;
  const perMinute = policy.nodePricePerHour / 60;
  const scaled = inDay(seen.decisions).filter(({ kind, status }) => kind === 'scale' && status !== 'advised');
  const judged = samples.filter(
    ({ at, p95Seconds }) => p95Seconds !== null && objectiveHolds(policy, at - MINUTE, at),
  );
  const peak = peakOf(samples);
  return {
    fleet,
    currency: policy.currency,
    minutes: nodes.length,
    cost: sum(nodes) * perMinute,
    staticPeak:
      peak === null
        ? null
        : nodesFor(Math.max(policy.floor, workersForRate(peak, { sample: null }, policy, true)), policy) *
          nodes.length *
          perMinute,
    late: judged.filter(({ p95Seconds }) => p95Seconds! > policy.slo.p95Seconds).length,
    judged: judged.length,
    raises: scaled.filter(({ from, to }) => to > from).length,
    cuts: scaled.filter(({ from, to }) => to < from).length,
    forecast: missesOf(seen.foreseen, seen.samples),
  };
}

/** Each horizon against the highest minute that came in it. */
function missesOf(foreseen: Foreseen[], samples: Sample[]): FleetDay['forecast'] {
  const pairs = foreseen.flatMap(({ from, to, forecast, sizedFor }) => {
    const came = peakOf(samples.filter(({ at }) => at > from && at <= to));
    return forecast === null || came === null ? [] : [{ at: from, foreseen: forecast, sizedFor, came }];
  });
  const [first, ...rest] = pairs;
  if (first === undefined) return null;
  const miss = (pair: typeof first): number => Math.abs(pair.foreseen - pair.came);
  const worst = rest.reduce((most, pair) => (miss(pair) > miss(most) ? pair : most), first);
  const total = sum(pairs.map(({ came }) => came));
  return {
    cycles: pairs.length,
    error: total === 0 ? 0 : sum(pairs.map(miss)) / total,
    over: pairs.filter(({ sizedFor, came }) => sizedFor !== null && came > sizedFor).length,
    worst: { at: worst.at, foreseen: worst.foreseen, came: worst.came },
  };
}

function peakOf(samples: Sample[]): number | null {
  const rates = samples.flatMap(({ requestsPerSecond: rate }) => (rate === null ? [] : [rate]));
  return rates.length === 0 ? null : rates.reduce((most, rate) => Math.max(most, rate));
}

/** Split odd-even over the zones, in whole nodes. */
function nodesFor(workers: number, policy: Policy): number {
  const zones = policy.zones.length;
  return sum(
    policy.zones.map((_, n) =>
      Math.ceil(Math.floor((workers + zones - 1 - n) / zones) / policy.slotsPerNode),
    ),
  );
}

const sum = (list: number[]): number => list.reduce((total, each) => total + each, 0);

function isTimeZone(name: string): boolean {
  try {
    wallTime(0, name);
    return true;
  } catch {
    return false;
  }
}
