/**
 * One run of a remedy, as it is stored.
 *
 *   running ──(each step)──> running ──> done | failed | waits
 *
 * `next` is the step that comes; whoever takes the run up after a crash does that one again. `waits`: its words became a
 * proposal, and whoever approves that has the rest in hand.
 */
import type { Millis, Person } from '../model.js';
import type { RemedyStep } from './remedy.js';

export interface RemedyRun {
  v: 1;
  fleet: string;
  name: string;
  by: Person;
  email: string | null;
  /** True when nobody asked: the configuration lets it run by itself. */
  auto: boolean;
  at: Millis;
  steps: RemedyStep[];
  lines: string[];
  next: number;
  status: 'running' | 'done' | 'failed' | 'waits';
  /** What came of each step that is over. */
  outcome: string[];
  /** PagerDuty's id of the incident that it was asked for on; its note says what came of it. */
  pagerId: string | null;
}

const HOUR_MS = 3_600_000;

/**
 * May one more run by itself? At most `perHour` an hour, and none of the same name on the same target (a worker, a node)
 * meanwhile; never while another is under way.
 */
export function mayRunByItself(
  { name, words }: { name: string; words: string[] },
  runs: RemedyRun[],
  perHour: number,
  now: Millis,
): boolean {
  if (runs.some((run) => run.status === 'running')) return false;
  const recent = runs.filter((run) => run.auto && now - run.at < HOUR_MS);
  return recent.length < perHour && recent.every((run) => run.name !== name || !aimsAt(run, words));
}

/** A remedy without words has one target only, the fleet. */
function aimsAt({ steps }: RemedyRun, [target]: string[]): boolean {
  return (
    target === undefined ||
    steps.some(
      (step) =>
        ('worker' in step && step.worker.startsWith(target)) ||
        ('node' in step && step.node === target) ||
        (step.do === 'revert' && target.split(',').includes(`${step.zone}:${step.to}`)),
    )
  );
}
