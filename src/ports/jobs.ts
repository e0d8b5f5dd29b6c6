/** What runs a job: time, the queue, the log, the measures. */
import type { Millis } from '../core/model.js';

export interface Clock {
  /** Now, Muster clock. */
  now(): Millis;
  /** Muster milliseconds per machine millisecond; 1 in production. */
  readonly speed: number;
  /** Muster time; ends early when the signal aborts. */
  sleep(ms: Millis, signal?: AbortSignal): Promise<void>;
}

export interface Queue {
  /**
   * `dedupe`: at most one waiting and one active job of this kind and id; the newest data wins. `delayMs` is Muster
   * time; of several delayed runs of one id the earliest stays, and it keeps nobody from a run before it.
   * Resolves when stored; throws an OutsideError('redis') within a second when it cannot be.
   */
  enqueue(job: string, data: unknown, options?: { dedupe?: string; delayMs?: Millis }): Promise<void>;
}

/** A standing order: one run of `job` at each slot, a UTC multiple of `everyMs` plus `offsetMs` on the Muster clock. */
export interface Schedule {
  /** Unique; no ':'. */
  id: string;
  job: string;
  everyMs: Millis;
  offsetMs: Millis;
  data: unknown;
  /** As of `enqueue`; the schedule's id when absent. null: a slot's run waits for no other one, alive or killed. */
  dedupe?: string | null;
}

export interface JobHandler {
  /** Machine time; then `signal` aborts and the run fails. */
  deadlineMs: number;
  /** Runs that may fail before the job is given up; 3 when absent. A crash of the process is none. */
  attempts?: number;
  /** How many of this kind run at once in one process. */
  concurrency?: number;
  /** `slot`: the nominal Muster time of a scheduled run, whenever it got to run; null for others. */
  run(data: unknown, context: RunContext): Promise<void>;
}

export interface RunContext {
  /** Aborts at the deadline. */
  signal: AbortSignal;
  /** Aborts when little more than a third of the time is left: whoever still waits for a peer goes on without it. */
  soon?: AbortSignal;
  slot: Millis | null;
}

/** Jobs and their schedules, shared by all replicas. Every run may happen again, after a crash say. */
export interface JobRunner {
  queue: Queue;
  /** Makes these the only schedules of this process; what no replica has asked for lately ends. Any number may do the same. */
  schedule(all: Schedule[]): Promise<void>;
  /** Begins to run jobs of these kinds. */
  work(handlers: Record<string, JobHandler>, options: { concurrency: number }): Promise<void>;
  /** Lets running jobs finish for some seconds, then aborts them. Never hangs. */
  close(): Promise<void>;
}

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface FleetGauges {
  desired: number;
  ready: number | null;
  /** Of the ready ones, those that say themselves that they do not serve, or are stuck. */
  notServing: number | null;
  starting: number | null;
  need: number | null;
  forecast: number | null;
  demand: number | null;
  costPerHour: number;
}

/** The bot's own measures; /metrics shows them. */
export interface Meter {
  decided(fleet: string, kind: 'scale' | 'hold', trigger: string, seconds: number, at: Millis): void;
  /** Gauges of one fleet; an absent one keeps its value, null is unknown (NaN). */
  fleet(fleet: string, values: Partial<FleetGauges>): void;
  peerFailed(peer: string, why: string): void;
  outbox(channel: string, waiting: number): void;
  job(name: string, outcome: 'done' | 'failed' | 'late', seconds: number): void;
}
