/** The processes of the bot: each runs one job or command at a time; a dead one is replaced when the next run is due. */
import type { App } from '../../app.js';
import type { Millis } from '../../core/model.js';
import { Crashed } from '../memory-queue.js';
import type { BotProcess } from './process.js';

export interface Replicas {
  /** The app of a process that is free, for what no run is needed for. */
  app(): App;
  /** Runs under way, over all processes. */
  running(): number;
  /** Gives up the runs whose deadline has passed. */
  giveUpLate(): void;
  /** Runs something in a process of its own until it ends, dies or is late. */
  run<T>(
    name: string,
    deadlineMs: Millis,
    work: (process: BotProcess, signal: AbortSignal) => Promise<T>,
  ): Promise<T>;
}

/** `born`: makes a process of this name. */
export function createReplicas(now: () => Millis, born: (name: string) => BotProcess): Replicas {
  let processes: BotProcess[] = [];
  let births = 0;
  const runs = new Set<{ until: Millis; abort: () => void }>();
  const aProcess = (): BotProcess => {
    const free = processes.find((one) => !one.busy && one.alive);
    if (free !== undefined) return free;
    births += 1;
    const made = born(`p${births}`);
    processes.push(made);
    return made;
  };

  return {
    app: () => aProcess().app,
    running: () => runs.size,
    giveUpLate() {
      for (const run of runs) if (run.until < now()) run.abort();
    },
    async run(name, deadlineMs, work) {
      const process = aProcess();
      const { view } = process;
      Object.assign(view, { name: `${process.name} ${name}`, intentRead: 0, lease: null });
      process.busy = true;
      if (process.control.signal.aborted) process.control = new AbortController();
      const { control } = process;
      let abort = (): void => {};
      const cutOff = new Promise<never>((_, reject) => {
        abort = () => {
          const error = new Error(`${name} took longer than ${deadlineMs} ms`);
          control.abort(error);
          reject(error);
        };
        process.onDeath = () => {
          processes = processes.filter((one) => one !== process);
          reject(new Crashed('killed'));
        };
      });
      const run = { until: now() + deadlineMs, abort };
      runs.add(run);
      const working = work(process, control.signal).finally(() => {
        process.busy = false;
      });
      try {
        return await Promise.race([working, cutOff]);
      } finally {
        runs.delete(run);
        cutOff.catch(() => {});
        working.catch(() => {});
      }
    },
  };
}

/** A run that its deadline gave up. */
export const isLate = (error: unknown): boolean =>
  error instanceof Error && /took longer than/.test(error.message);
