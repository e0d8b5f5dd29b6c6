import cron from 'node-cron';
import { lastFiring, parseCron } from '../../core/cron.js';
import type { Log } from '../../ports.js';

/** A scheduled floor's window, and whose it is. */
export interface EdgeWindow {
  fleet: string;
  /** Five fields. */
  cron: string;
  durationSeconds: number;
  timeZone: string;
}

/**
 * Wakes a fleet when one of its windows opens and when it closes, so that the floor is decided on at once and not up
 * to a cycle later. For production, where the Muster clock is the machine's. Every replica may do it: `wake` enqueues
 * with deduplication. A missed edge costs a cycle at most, for `decide` itself asks which windows are open.
 */
export function wakeAtEdges(
  windows: EdgeWindow[],
  wake: (fleet: string) => void,
  log?: Log,
): { stop(): void; next(): { fleet: string; at: number | null }[] } {
  const ends = new Set<NodeJS.Timeout>();
  const wakeAt = (fleet: string, at: number): void => {
    const timer = setTimeout(
      () => {
        ends.delete(timer);
        wake(fleet);
      },
      Math.max(0, at - Date.now()),
    );
    timer.unref();
    ends.add(timer);
  };
  const tasks = windows.map((window) => {
    const { fleet, durationSeconds, timeZone } = window;
    const open = (): void => {
      wake(fleet);
      wakeAt(fleet, Date.now() + durationSeconds * 1_000);
    };
    const since = openSince(window);
    if (since !== null) wakeAt(fleet, since + durationSeconds * 1_000);
    const options = { timezone: timeZone, unref: true, logger: quiet(log) };
    return { fleet, task: cron.schedule(window.cron, open, options) };
  });
  return {
    stop() {
      for (const { task } of tasks) void task.destroy();
      for (const timer of ends) clearTimeout(timer);
      ends.clear();
    },
    next: () => tasks.map(({ fleet, task }) => ({ fleet, at: task.getNextRun()?.getTime() ?? null })),
  };
}

/** When the window that is open now began: its end is still ahead, though nobody here saw its start. */
function openSince({ cron: line, durationSeconds, timeZone }: EdgeWindow): number | null {
  const now = Date.now();
  return lastFiring(parseCron(line), timeZone, now - durationSeconds * 1_000, now);
}

/** node-cron writes to the console otherwise. */
const quiet = (log?: Log) => {
  const say = (message: string | Error) => log?.debug({}, String(message));
  return { info: say, warn: say, error: say, debug: say };
};
