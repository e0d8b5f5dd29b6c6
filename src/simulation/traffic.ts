/**
 * Arrivals of the sandbox's fleets as a pure function of time: ask for any moment, in any order, and get the same rate.
 * Counts are API requests; each fleet sees its share of them.
 */
import type { Millis } from '../core/model.js';
import { hashed, seedFor } from './random.js';
import type { Trace } from './trace.js';

export interface Traffic {
  readonly fleets: string[];
  /** Expected requests per second that reach the fleet at this moment; null where the trace has a gap or has ended. */
  requestsPerSecond(fleet: string, at: Millis): number | null;
}

/** The share of API requests that each model sees; every request needs a face match. */
export const DEFAULT_SHARES: Record<string, number> = { 'face-match': 1, liveness: 0.6, ocr: 0.4 };

export interface TrafficSpec {
  seed: number;
  /** API requests on an average day of the week. */
  perDay: number;
  /** 'business': a telecom's identity checks in India. 'flat': the same rate at all times, for tests. */
  shape?: 'business' | 'flat';
  shares?: Record<string, number>;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** India keeps one zone without daylight saving, so an offset is enough. */
const INDIA_MS = 5.5 * HOUR;

export function createTraffic({
  seed,
  perDay,
  shape = 'business',
  shares = DEFAULT_SHARES,
}: TrafficSpec): Traffic {
  const mean = perDay / 86_400;
  const noiseSeed = seedFor(seed, 'noise');
  const burstSeed = seedFor(seed, 'burst');
  const scale = mean / weekMean();

  const total = (at: Millis): number => {
    if (shape === 'flat') return mean;
    return scale * business(at) * smoothNoise(noiseSeed, at) * bursts(burstSeed, at);
  };
  return {
    fleets: Object.keys(shares),
    requestsPerSecond: (fleet, at) => total(at) * (shares[fleet] ?? 0),
  };
}

/** A recorded day: minute counts become rates; `scale` multiplies them; `shares` as above. */
export function trafficFromTrace(
  trace: Trace,
  scale = 1,
  shares: Record<string, number> = DEFAULT_SHARES,
): Traffic {
  return {
    fleets: Object.keys(shares),
    requestsPerSecond(fleet, at) {
      const count = trace.minutes[Math.floor((at - trace.start) / MINUTE)] ?? null;
      return count === null ? null : (count * scale * (shares[fleet] ?? 0)) / 60;
    },
  };
}

/** Rate relative to the daytime plateau: shops open 8 to 22, a hump before noon and a higher one in the evening. */
function business(at: Millis): number {
  const local = at + INDIA_MS;
  const hour = (((local % DAY) + DAY) % DAY) / HOUR;
  const day = Math.floor(local / DAY + 4) % 7; // 0 is Sunday: the epoch was a Thursday
  const open = logistic((hour - 8.6) / 0.45) * logistic((21.6 - hour) / 0.5);
  const humps = 0.62 + 0.32 * bell(hour, 11.6, 1.8) + 0.42 * bell(hour, 18.4, 2);
  const night = 0.035 + 0.02 * bell(hour, 6.5, 1.2);
  return weekday(day) * (night + open * humps);
}

function weekday(day: number): number {
  if (day === 0) return 0.72;
  if (day === 6) return 1.08;
  return 1;
}

function weekMean(): number {
  const step = 10 * MINUTE;
  let sum = 0;
  for (let at = 0; at < 7 * DAY; at += step) sum += business(at);
  return sum / ((7 * DAY) / step);
}

/** Three octaves of value noise: the hour drifts by some percent, the minutes shiver. Mean 1. */
function smoothNoise(seed: number, at: Millis): number {
  return (
    1 +
    0.1 * wave(seed, at, 3 * HOUR) +
    0.05 * wave(seed + 1, at, 25 * MINUTE) +
    0.035 * wave(seed + 2, at, 3 * MINUTE)
  );
}

function wave(seed: number, at: Millis, period: Millis): number {
  const place = at / period;
  const index = Math.floor(place);
  const part = place - index;
  const ease = part * part * (3 - 2 * part);
  return (hashed(seed, index) * (1 - ease) + hashed(seed, index + 1) * ease) * 2 - 1;
}

/** A campaign or a retry storm now and then: in one of nine four-hour slots, up within minutes, gone in an hour. */
function bursts(seed: number, at: Millis): number {
  const slotLength = 4 * HOUR;
  const current = Math.floor(at / slotLength);
  let factor = 1;
  for (const slot of [current - 1, current]) {
    if (hashed(seed, slot, 1) > 1 / 9) continue;
    const begin = slot * slotLength + hashed(seed, slot, 2) * (slotLength - HOUR);
    const rise = (2 + 6 * hashed(seed, slot, 3)) * MINUTE;
    const fade = (8 + 20 * hashed(seed, slot, 4)) * MINUTE;
    const since = at - begin;
    if (since <= 0) continue;
    factor +=
      (0.3 + 0.7 * hashed(seed, slot, 5)) *
      Math.min(1, since / rise) *
      Math.exp(-Math.max(0, since - rise) / fade);
  }
  return factor;
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
const bell = (x: number, centre: number, width: number): number =>
  Math.exp(-(((x - centre) / width) ** 2) / 2);
