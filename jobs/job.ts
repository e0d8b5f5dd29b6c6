/** What a job is. BullMQ delivers at least once: every `run` may be repeated, from any point, by any replica. */
import type { z } from 'zod';
import type { JobContext } from '../src/app.js';

export interface Job<D = unknown> {
  name: string;
  data: z.ZodType<D>;
  /** Machine time a run may take; its `signal` aborts then, and the run fails by name. */
  deadlineMs: number;
  run(data: D, context: JobContext): Promise<void>;
}

export function defineJob<D>(job: Job<D>): Job<D> {
  return job;
}
