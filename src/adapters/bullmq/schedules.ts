import type { Queue as BullQueue, JobSchedulerJson } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Schedule } from '../../ports.js';
import { PREFIX } from './connection.js';
import { KEEP } from './producer.js';
import { type AnchoredClock, type Grid, slotAt, toMachine, toMuster, toPattern } from './slots.js';

/** What a scheduled tick carries: which job to enqueue, with what. */
export interface Tick extends Grid {
  v: 1;
  job: string;
  data: unknown;
  dedupe: string | null;
}

export interface Applying {
  redis: Redis;
  clock: AnchoredClock;
  /** How long a scheduler lives that no replica asks for; a few times what lies between two askings. Machine time. */
  orphanMs: number;
  /** Asked for by this process until lately: these end at once. */
  unwanted: ReadonlySet<string>;
}

/** When a replica last asked for a scheduler: hash id -> machine time. */
const ASKED = `${PREFIX}.schedulers`;

/**
 * Makes `all` go on, and ends what no replica asks for any more: while a new list of fleets is rolled out, replicas with
 * the old and the new one work side by side, and neither may take the other's schedulers away. One that goes on rightly
 * is left alone: BullMQ's upsert takes a tick that is due, but not yet begun, away. One that stands still or runs on
 * another anchor's grid is set again.
 */
export async function applySchedules(
  ticks: BullQueue,
  all: Schedule[],
  { redis, clock, orphanMs, unwanted }: Applying,
): Promise<void> {
  const there = new Map((await ticks.getJobSchedulers(0, -1, true)).map((found) => [found.key, found]));
  for (const schedule of all) {
    if (schedule.id.includes(':')) throw new Error(`a schedule's id has no ':': ${schedule.id}`);
    const found = there.get(schedule.id);
    there.delete(schedule.id);
    if (found === undefined || !goesOn(found, schedule, clock)) await upsert(ticks, schedule);
  }
  const now = Date.now();
  if (all.length > 0) await redis.hset(ASKED, Object.fromEntries(all.map(({ id }) => [id, String(now)])));
  for (const id of there.keys()) {
    const asked = await redis.hget(ASKED, id);
    const isOrphan = asked !== null && Math.abs(now - Number(asked)) > orphanMs;
    if (unwanted.has(id) || isOrphan) {
      await ticks.removeJobScheduler(id);
      await redis.hdel(ASKED, id);
    } else if (asked === null) await redis.hset(ASKED, id, String(now));
  }
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
  dedupe: dedupe === undefined ? id : dedupe,
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
