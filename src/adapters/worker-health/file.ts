/** The question by a file that a worker leaves beside itself: no way from here to the worker is needed. */
import { OutsideError } from '../../errors.js';
import type { Clock, HealthSource, WorkerAddress, WorkerFiles } from '../../ports.js';
import { MOST_BYTES, readWritten } from './answer.js';
import type { Question } from './ask.js';

type FileSource = Extract<HealthSource, { kind: 'file' }>;

/** A hiccup of the machine is no age. */
const HICCUP_MS = 2_000;

export function createFileQuestions(
  files: WorkerFiles,
  clock: Pick<Clock, 'now' | 'speed'>,
): (source: FileSource, workers: WorkerAddress[]) => Question[] {
  return ({ path, staleSeconds }, workers) =>
    workers.map(({ id }, index) => ({
      worker: index,
      async ask(timeoutMs) {
        try {
          const text = await files.object(id, path, { bytes: MOST_BYTES, timeoutMs });
          return readWritten(text, clock.now(), staleSeconds * 1_000 + HICCUP_MS * clock.speed);
        } catch (error) {
          // Not there, not readable, too large or too late: all the same to whoever counts.
          if (error instanceof OutsideError) return null;
          throw error;
        }
      },
    }));
}
