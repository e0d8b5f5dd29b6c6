/** What the bot is asked to do: the jobs of the queue, and what people type. */

import type { Millis } from '../../core/model.js';
import { OutsideError } from '../../errors.js';
import { Crashed, type MemoryQueue } from '../memory-queue.js';
import { CHANNEL } from './fleets.js';
import type { Counts } from './judge.js';
import type { DayLog } from './log.js';
import type { Typed } from './people.js';
import { isLate, type Replicas } from './replicas.js';
import type { Truth } from './truth.js';

const COMMAND_MS = 60_000;

/** Gives the queue the app's schedules and, for each of its jobs, a run in a process of its own. */
export async function workOn(queue: MemoryQueue, replicas: Replicas, truth: Truth): Promise<void> {
  const app = replicas.app();
  await queue.schedule(app.schedules());
  await queue.work(
    Object.fromEntries(
      Object.entries(app.handlers()).map(([job, { deadlineMs }]) => [
        job,
        {
          deadlineMs,
          run: async (data: unknown, { slot }: { slot: Millis | null }) => {
            const fleet = (data as { fleet?: string }).fleet;
            const name = fleet === undefined ? job : `${job} ${fleet}`;
            try {
              await replicas.run(name, deadlineMs, (process, signal) =>
                process.handlers[job]!.run(data, { signal, slot }),
              );
            } catch (error) {
              const isFault = error instanceof OutsideError || error instanceof Crashed || isLate(error);
              truth.tell({ kind: 'job-failed', job: name, error, isFault });
              throw error;
            }
          },
        },
      ]),
    ),
    { concurrency: 1 },
  );
}

/** Types a command and answers with the summary of the reply. */
export function createSay(
  replicas: Replicas,
  truth: Truth,
  log: DayLog,
  counts: Counts,
): (text: string, by?: Typed['by']) => Promise<string> {
  return async (text, by = SOMEBODY) => {
    counts.commands += 1;
    const faultsBefore = counts.faults;
    let summary = '';
    let error: unknown = null;
    try {
      const reply = await replicas.run('command', COMMAND_MS, ({ app }) =>
        app.handle({ text, by, where: CHANNEL }),
      );
      summary = reply.message.summary;
    } catch (thrown) {
      error = thrown;
    }
    const died = error instanceof Crashed || isLate(error);
    if (died) summary = 'no answer';
    log.line(truth.now(), `${by.name} typed "${text}": ${summary}`);
    truth.tell({
      kind: 'answered',
      said: text,
      error: died ? null : error,
      failed: /went wrong|did not answer/.test(summary),
      peersFailing: counts.faults > faultsBefore,
    });
    return summary;
  };
}

const SOMEBODY = { id: 'slack:U1', name: 'Asha', timeZone: 'Asia/Kolkata' };
