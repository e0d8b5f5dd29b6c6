import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { type DigestDay, digestDue, type FleetDay, type Foreseen, fleetDay } from '../src/core/digest.js';
import type { DecisionSummary } from '../src/core/model.js';
import { type Digest, digestMessage } from '../src/core/views/digest.js';
import { announceTo } from './announce.js';
import { defineJob } from './job.js';
import { row } from './messages.js';

/** Enough for a day with a guard's raise every two minutes. */
const DECISIONS = 800;
const AUDIT = 2_000;
const MINUTE = 60_000;

/** Time zones differ by quarters of an hour. */
export const DIGEST_EVERY_MS = 15 * MINUTE;

/**
 * Once a day and channel, at the configured time: what the last day was like. It is named by its day, so a repeat
 * changes nothing; a channel whose fleets were not seen gets none.
 */
export const digest = defineJob({
  name: 'digest',
  data: z.object({ v: z.literal(1) }),
  deadlineMs: 60_000,
  async run(_data, context) {
    const time = context.settings.digest ?? null;
    const day = time === null ? null : digestDue(context.clock.now(), time);
    if (day === null) return;
    const asked = await askedIn(day, context);
    for (const channel of new Set(context.fleets.map((fleet) => fleet.channel))) {
      if (context.signal.aborted) return;
      await tell(channel, day, asked, context);
    }
  },
});

interface Asked {
  fleet: string | null;
  line: Digest['asked'][number];
}

async function tell(channel: string, day: DigestDay, asked: Asked[], context: JobContext): Promise<void> {
  const { store, fleets } = context;
  const key = `digest-${day.day}`;
  if ((await store.posted(channel, key)) !== null) return;
  const theirs = fleets.filter((fleet) => fleet.channel === channel);
  const days: FleetDay[] = [];
  for (const fleet of theirs) {
    const known = await dayOf(fleet, day, context);
    if (known !== null) days.push(known);
  }
  if (days.length === 0) return;
  const names = new Set(theirs.map(({ name }) => name));
  const lines = asked.filter(({ fleet }) => fleet === null || names.has(fleet)).map(({ line }) => line);
  const message = digestMessage({ day, fleets: days, asked: lines });
  // The sequence is the day's own: a second run of the same day finds its message waiting or posted.
  await store.push([row(channel, key, '*', 'notice', day.to, message)], []);
  await announceTo(channel, context);
}

async function dayOf(fleet: FleetConfig, day: DigestDay, context: JobContext): Promise<FleetDay | null> {
  const { store, clock } = context;
  const { name, policy } = fleet;
  const [samples, decisions] = await Promise.all([
    store.samples(name, day.from, clock.now()),
    store.decisions(name, DECISIONS),
  ]);
  const cycles = decisions.filter(
    ({ at, trigger }) => trigger === 'cycle' && at > day.from && at <= day.to - policy.cycleSeconds * 1_000,
  );
  const foreseen: Foreseen[] = [];
  for (const cycle of cycles) {
    const known = await foreseenBy(cycle, context);
    if (known !== null && known.to <= clock.now()) foreseen.push(known);
  }
  return fleetDay(name, policy, day, { samples, decisions, foreseen });
}

/** Only the newest decisions are kept whole; older ones have no forecast to be held against. */
async function foreseenBy({ fleet, id }: DecisionSummary, context: JobContext): Promise<Foreseen | null> {
  const record = await context.store.decision(fleet, id);
  if (record === null) return null;
  const { horizonFrom, horizonTo, forecast, sizedFor } = record.decision.numbers;
  return { from: horizonFrom, to: horizonTo, forecast, sizedFor };
}

/** Steps on the way: what was done in the end has an entry of its own, and what was not done changed nothing. */
const STEPS: ReadonlySet<string> = new Set([
  ...['denied', 'propose', 'approve', 'decline', 'proposal-expired', 'proposal-overtaken'],
  ...['approved-but-failed', 'break-glass'],
]);

async function askedIn(day: DigestDay, context: JobContext): Promise<Asked[]> {
  const entries = await context.store.audit(AUDIT);
  return entries
    .filter(
      ({ at, said, action }) => said !== undefined && !STEPS.has(action) && at > day.from && at <= day.to,
    )
    .map(({ at, by, said, fleet }) => ({ fleet, line: { at, by, said: said! } }))
    .reverse();
}
