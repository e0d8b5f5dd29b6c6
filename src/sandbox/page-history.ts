/** The page's short memory for its charts: demand and workers of each fleet, a point every five simulated minutes, one day. */
import type { Millis } from '../core/model.js';
import type { Clock } from '../ports.js';
import type { FleetTruth } from './control.js';

const stepMs = 5 * 60_000;
const keptPoints = 288;

export interface HistoryPoint {
  at: Millis;
  fleets: Record<string, { demand: number | null; ready: number | null; desired: number | null }>;
}

export interface SavedHistory {
  v: 1;
  points: HistoryPoint[];
}

export interface PageHistory {
  /** Points at or after `at`: the last one a reader knows may have changed since. */
  since(at: Millis): HistoryPoint[];
  save(): SavedHistory;
  close(): void;
}

export function createPageHistory(
  options: { clock: Clock; fleets: () => Promise<Record<string, FleetTruth>> },
  restore: unknown,
): PageHistory {
  const points: HistoryPoint[] = isSaved(restore) ? [...restore.points] : [];
  const timer = setInterval(() => void look(), Math.max(500, 60_000 / options.clock.speed));
  timer.unref();
  void look();

  async function look(): Promise<void> {
    // A world that is starting or stopping has nothing to show: the next look will.
    const fleets = await options.fleets().catch(() => null);
    if (fleets === null) return;
    const at = Math.floor(options.clock.now() / stepMs) * stepMs;
    const point: HistoryPoint = { at, fleets: {} };
    for (const [name, { demandPerSecond, ready, desired }] of Object.entries(fleets))
      point.fleets[name] = { demand: demandPerSecond, ready, desired };
    if (points.at(-1)?.at === at) points.pop();
    points.push(point);
    if (points.length > keptPoints) points.splice(0, points.length - keptPoints);
  }

  return {
    since: (at) => points.filter((point) => point.at >= at),
    save: () => ({ v: 1, points }),
    close: () => clearInterval(timer),
  };
}

function isSaved(value: unknown): value is SavedHistory {
  return typeof value === 'object' && value !== null && (value as SavedHistory).v === 1;
}
