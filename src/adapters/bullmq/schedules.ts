import type { Queue as BullQueue, JobSchedulerJson } from 'bullmq';
import type { Schedule } from '../../ports.js';
import { KEEP } from './producer.js';
import { type AnchoredClock, type Grid, slotAt, toMachine, toMuster, toPattern } from './slots.js';

/** What a scheduled tick carries: which job to enqueue, with what. */
export interface Tick extends Grid {
  v: 1;
  job: string;
  data: unknown;
  dedupe: string;
}

/**
 * Makes `all` the only schedulers. One that is there already and goes on rightly is left alone: BullMQ's upsert takes
 * a tick that is due, but not yet begun, away. One that stands still or runs on another anchor's grid is set again.
 */
export async function applySchedules(ticks: BullQueue, all: Schedule[], clock: AnchoredClock): Promise<void> {
  const there = new Map((await ticks.getJobSchedulers(0, -1, true)).map((found) => [found.key, found]));
  for (const schedule of all) {
    if (schedule.id.includes(':')) throw new Error(`a schedule's id has no ':': ${schedule.id}`);
    const found = there.get(schedule.id);
    there.delete(schedule.id);
    if (found === undefined || !goesOn(found, schedule, clock)) await upsert(ticks, schedule);
  }
  for (const id of there.keys()) await ticks.removeJobScheduler(id);
}

async function upsert(ticks: BullQueue, schedule: Schedule): Promise<void> {
  const repeat = { pattern: toPattern(schedule) };
  try {
    await ticks.upsertJobScheduler(schedule.id, repeat, {
      name: schedule.job,
      data: tickOf(schedule),
      opts: KEEP,
    });
  } catch (error) {
    // Another replica set it to the same slot a moment ago, or that slot's tick runs now: the next check sees to it.
    if (!(error instanceof Error) || !/already exists|collision/i.test(error.message)) throw error;
  }
}

const tickOf = ({ id, job, data, dedupe, everyMs, offsetMs }: Schedule): Tick => ({
  v: 1,
  job,
  data,
  dedupe: dedupe ?? id,
  everyMs,
  offsetMs,
});

/** A tick may be this late, machine time, before its scheduler counts as standing still. */
const LATE_MS = 5_000;

function goesOn(found: JobSchedulerJson, schedule: Schedule, clock: AnchoredClock): boolean {
  if (found.next === undefined || found.pattern !== toPattern(schedule) || found.name !== schedule.job)
    return false;
  if (JSON.stringify(found.template?.data) !== JSON.stringify(tickOf(schedule))) return false;
  const now = Date.now();
  const slot = slotAt(toMuster(clock, found.next), schedule);
  const onGrid = Math.abs(toMachine(clock, slot) - found.next) <= 1;
  const everyMs = schedule.everyMs / clock.speed;
  return onGrid && found.next > now - everyMs - LATE_MS && found.next <= now + everyMs + 1;
}
