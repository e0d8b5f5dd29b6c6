import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createBullQueue } from '../../../src/adapters/bullmq/queue.js';
import { createClock } from '../../../src/adapters/clock/clock.js';
import type { JobRunner, Schedule } from '../../../src/ports.js';
import { silentLog } from '../../support/redis.js';

/** Short, so that tests take seconds; longer than a machine stands still, for then a job that ran would run again. */
export const LOCKS = { lockMs: 1_500, stalledMs: 500 };
export const MINUTE = 60_000;
/** A minute of Muster time in 100 ms: the highest speed. */
const SPEED = 600;
export const SCHEDULES: Schedule[] = [
  { id: 'tick-ocr', job: 'evaluate', everyMs: MINUTE, offsetMs: 0, data: 'ocr', dedupe: 'ocr' },
];

export interface Run {
  data: unknown;
  slot: number | null;
}

export const anAnchor = () => ({ wallMs: Date.now(), simMs: Date.UTC(2026, 0, 5, 10), speed: SPEED });
export type TestAnchor = ReturnType<typeof anAnchor>;

/** A replica in this process; `runs` grows. */
export async function startReplica(
  socket: string,
  anchor: TestAnchor,
  schedules: Schedule[] | null,
  answerMs = 900,
): Promise<{ runner: JobRunner; runs: Run[] }> {
  const runs: Run[] = [];
  const runner = createBullQueue({
    url: socket,
    clock: createClock(anchor),
    locks: LOCKS,
    log: silentLog,
    graceMs: 300,
    answerMs,
  });
  const run = async (data: unknown, { slot }: { slot: number | null }) => void runs.push({ data, slot });
  await runner.work({ evaluate: { deadlineMs: 5_000, run } }, { concurrency: 2 });
  if (schedules) await runner.schedule(schedules);
  return { runner, runs };
}

/** A replica in a process of its own, to be killed. */
export function spawnReplica(
  socket: string,
  anchor: TestAnchor,
  mode: 'hang' | 'run',
  schedule: 'schedule' | '',
): { child: ChildProcess; runs: Run[]; kill(): Promise<void> } {
  const script = fileURLToPath(new URL('crash-worker.js', import.meta.url));
  const child = spawn(process.execPath, [script, socket, JSON.stringify(anchor), mode, schedule], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const runs: Run[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => runs.push(JSON.parse(line) as Run));
  const kill = async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  return { child, runs, kill };
}
