/**
 * Asks workers how they are: many at once, each with its own timeout, all together within two of them. Who says nothing
 * usable is unknown, whatever the reason.
 */
import type { Clock, WorkerFiles, WorkerHealth } from '../../ports.js';
import type { Said } from './answer.js';
import { createFileQuestions } from './file.js';
import { createHttpQuestions } from './http.js';

/** To one worker: about all of its slots, or about one of them. */
export interface Question {
  /** Its place among those asked about. */
  worker: number;
  /** Never throws; null: no answer. */
  ask(timeoutMs: number): Promise<Said | null>;
}

/** Where files are read one peer is asked for all of them, and its sockets are few. */
const AT_ONCE = { http: 64, file: 8 };

export function createWorkerHealth(parts: {
  files: WorkerFiles;
  clock: Pick<Clock, 'now' | 'speed'>;
}): WorkerHealth {
  const overHttp = createHttpQuestions();
  const byFile = createFileQuestions(parts.files, parts.clock);
  let round = 0;

  return {
    async ask(source, workers) {
      const questions = source.kind === 'http' ? overHttp(source, workers) : byFile(source, workers);
      const atOnce = AT_ONCE[source.kind];
      // Where many hang the time is over before all were asked: each round begins with others.
      round += 1;
      const from = questions.length === 0 ? 0 : (round * atOnce) % questions.length;
      const left = [...questions.slice(from), ...questions.slice(0, from)];
      const heard = await hear(left, atOnce, source.timeoutSeconds * 1_000);
      return workers.map((_, index) =>
        together(
          questions.filter((one) => one.worker === index),
          heard,
        ),
      );
    },
  };
}

async function hear(questions: Question[], atOnce: number, timeoutMs: number): Promise<Map<Question, Said>> {
  const until = Date.now() + 2 * timeoutMs;
  const left = [...questions];
  const heard = new Map<Question, Said>();
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const time = Math.min(timeoutMs, until - Date.now());
      if (time <= 0) return;
      const said = await next.ask(time);
      if (said !== null) heard.set(next, said);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, questions.length) }, work));
  return heard;
}

/** One question: its slots. One a slot: the first of each answer. */
function together(questions: Question[], heard: Map<Question, Said>): Said | null {
  const [only] = questions;
  if (only === undefined) return null;
  if (questions.length === 1) return heard.get(only) ?? null;
  return questions.map((one) => heard.get(one)?.[0] ?? null);
}
