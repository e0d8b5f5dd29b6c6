/**
 * Waiting times of requests as expected counts in bins that start fine and grow by 6 % each. A wait is split between the
 * two nearest bins so that the mean is kept. Response quantiles come from the waits and the service time's distribution.
 */
import type { ServiceTime } from './service-time.js';

const FIRST = 0.1;
const RATIO = 1.06;
const LOG_RATIO = Math.log(RATIO);
/** Reaches more than a day of waiting. */
const BINS = 240;
const VALUES = Float64Array.from({ length: BINS }, (_, i) => FIRST * (RATIO ** i - 1));

/** For waits of up to a minute, a bin at or just below theirs: a logarithm for each would be costly. */
const PER_SECOND = 32;
const NEAR_SECONDS = 60;
const NEAR = Uint8Array.from({ length: NEAR_SECONDS * PER_SECOND }, (_, i) => binOf(i / PER_SECOND));

function binOf(seconds: number): number {
  return Math.min(BINS - 2, Math.floor(Math.log1p(seconds / FIRST) / LOG_RATIO));
}

function nearBin(seconds: number): number {
  let bin = NEAR[Math.floor(seconds * PER_SECOND)]!;
  while (VALUES[bin + 1]! <= seconds) bin += 1;
  return bin;
}

export interface WaitHistogram {
  counts: Float64Array;
  total: number;
  /** One past the highest bin in use: most minutes touch only a few. */
  used: number;
}

export const emptyWaits = (): WaitHistogram => ({ counts: new Float64Array(BINS), total: 0, used: 0 });

export function addWait(waits: WaitHistogram, seconds: number, count: number): void {
  if (!(count > 0)) return;
  waits.total += count;
  if (seconds <= 0) {
    waits.counts[0] = waits.counts[0]! + count;
    if (waits.used < 1) waits.used = 1;
    return;
  }
  const index = seconds < NEAR_SECONDS ? nearBin(seconds) : binOf(seconds);
  const low = VALUES[index]!;
  const part = Math.min(1, (seconds - low) / (VALUES[index + 1]! - low));
  waits.counts[index] = waits.counts[index]! + count * (1 - part);
  waits.counts[index + 1] = waits.counts[index + 1]! + count * part;
  if (waits.used < index + 2) waits.used = index + 2;
}

export function mergeWaits(into: WaitHistogram, from: WaitHistogram): void {
  for (let i = 0; i < from.used; i++) into.counts[i] = into.counts[i]! + from.counts[i]!;
  into.total += from.total;
  if (into.used < from.used) into.used = from.used;
}

export function clearWaits(waits: WaitHistogram): void {
  waits.counts.fill(0, 0, waits.used);
  waits.total = 0;
  waits.used = 0;
}

/** The response time that `share` of the requests keep, seconds; null when nothing was served. */
export function responseQuantile(waits: WaitHistogram, service: ServiceTime, share: number): number | null {
  if (!(waits.total > 1e-9)) return null;
  const { counts, used, total } = waits;
  const wanted = share * total;
  let low = 0;
  let high = VALUES[Math.max(0, used - 1)]! + service.meanSeconds * (1 + 14 * service.cv) * 2;
  for (let round = 0; round < 40 && high - low > 1e-3 * high; round++) {
    const middle = (low + high) / 2;
    let sum = 0;
    for (let i = 0; i < used; i++) {
      const count = counts[i]!;
      if (count > 0) sum += count * service.atMost(middle - VALUES[i]!);
    }
    if (sum >= wanted) high = middle;
    else low = middle;
  }
  return (low + high) / 2;
}

/** Only the bins in use, for saving. */
export function saveWaits(waits: WaitHistogram): number[][] {
  const rows: number[][] = [];
  for (let i = 0; i < waits.used; i++) if (waits.counts[i]! > 0) rows.push([i, waits.counts[i]!]);
  return rows;
}

export function restoreWaits(rows: number[][]): WaitHistogram {
  const waits = emptyWaits();
  for (const [bin = 0, count = 0] of rows) {
    waits.counts[bin] = count;
    waits.total += count;
    waits.used = Math.max(waits.used, bin + 1);
  }
  return waits;
}
