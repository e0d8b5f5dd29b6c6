/** The Charts port: one thread that draws, begun with the first chart and ended when nobody asked for some time. */
import { Worker } from 'node:worker_threads';
import type { ChartSpec } from '../../core/chart.js';
import { OutsideError } from '../../errors.js';
import type { Charts } from '../../ports.js';
import type { Drawn } from './draw-worker.js';

export interface ChartOptions {
  /** A chart that takes longer is given up, and the thread with it; machine milliseconds. */
  timeoutMs?: number;
  /** The thread and its memory go after this time without a chart. */
  idleMs?: number;
}

/** More than these at once would be looked at by nobody. */
const MOST_WAITING = 8;

export interface DrawingThread extends Charts {
  close(): Promise<void>;
}

/** `png` throws OutsideError('chart') when a picture cannot be made in time. */
export function createCharts({ timeoutMs = 15_000, idleMs = 120_000 }: ChartOptions = {}): DrawingThread {
  const waiting = new Map<number, (drawn: Drawn) => void>();
  let thread: Worker | null = null;
  let idle: NodeJS.Timeout | null = null;
  let lastId = 0;

  function begin(): Worker {
    const worker = new Worker(new URL('./draw-worker.js', import.meta.url));
    // A process that wants to end does not wait for a picture.
    worker.unref();
    const gone = (problem: string) => (): void => {
      if (thread === worker) end(problem);
    };
    worker.on('message', (drawn: Drawn) => waiting.get(drawn.id)?.(drawn));
    worker.on('error', (error) => gone(error.message)());
    worker.on('exit', gone('the drawing thread ended'));
    return worker;
  }

  function end(problem: string): Promise<unknown> {
    const ending = thread?.terminate() ?? Promise.resolve();
    thread = null;
    if (idle !== null) clearTimeout(idle);
    for (const [id, settle] of [...waiting]) settle({ id, problem });
    return ending;
  }

  function rest(): void {
    if (idle !== null) clearTimeout(idle);
    idle = setTimeout(() => {
      if (waiting.size === 0) void end('idle');
    }, idleMs).unref();
  }

  return {
    async png(chart: ChartSpec) {
      if (waiting.size >= MOST_WAITING) throw failure('too many charts are waiting', 'rate-limited');
      thread ??= begin();
      lastId += 1;
      const id = lastId;
      const asked = thread;
      const drawn = await new Promise<Drawn>((resolve) => {
        const late = setTimeout(() => void end('took too long'), timeoutMs);
        waiting.set(id, (result) => {
          clearTimeout(late);
          waiting.delete(id);
          resolve(result);
        });
        asked.postMessage({ id, chart });
      });
      rest();
      if ('problem' in drawn) throw failure(drawn.problem, 'error');
      return drawn.png;
    },
    async close() {
      await end('closing');
    },
  };
}

const failure = (problem: string, why: 'error' | 'rate-limited'): OutsideError =>
  new OutsideError('chart', 'draw a chart', problem, { class: 'human', why });
