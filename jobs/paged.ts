/** Moving what is known of an incident, and the message in the chat that shows it. */
import type { JobContext } from '../src/app.js';
import { DEAD_LETTERS, type LettersState } from '../src/core/dead-letters.js';
import { HEALTH, type HealthState } from '../src/core/health/state.js';
import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import type { Millis } from '../src/core/model.js';
import { openOverride } from '../src/core/override.js';
import { aboutKey, newPaged, type Paged, pagedId } from '../src/core/paged.js';
import { fitting } from '../src/core/remedies/index.js';
import { latencyFiring, latencyResolved } from '../src/core/views/alert.js';
import { evaluationsStopped } from '../src/core/views/notice.js';
import { pagedNotice, pageMessage, toldMessage } from '../src/core/views/paged.js';
import type { AuditEntry, StoredMachine } from '../src/ports.js';
import { glance } from '../src/symptoms.js';
import { hasStopped } from './alerts.js';
import { announceAll } from './announce.js';
import { fitsOf, lettersRow } from './dead-letters.js';
import { healthRow } from './health.js';
import { row, stoppedKey } from './messages.js';

export interface Known {
  paged: Paged;
  rev: number;
}

/** What is stored of it, or a fresh one: Muster pages before anybody asks. null: none of ours. */
export async function readPaged(
  dedupKey: string,
  summary: string,
  context: JobContext,
): Promise<Known | null> {
  const about = aboutKey(dedupKey);
  if (about === null) return null;
  const stored = await context.store.machine('paged', pagedId(dedupKey));
  const fleets = (stored?.state as Paged | undefined)?.told?.fleets ?? [about.fleet];
  if (!context.fleets.some(({ name }) => fleets.includes(name))) return null;
  if (stored !== null) return { paged: stored.state as Paged, rev: stored.rev };
  return { paged: newPaged(dedupKey, about.fleet, summary, context.clock.now()), rev: 0 };
}

/** One transaction with its messages; false when somebody else moved it meanwhile. */
export async function keepPaged(
  known: Known,
  next: Paged,
  more: { audit?: AuditEntry; pager?: PagerEvent[] },
  context: JobContext,
): Promise<boolean> {
  const now = context.clock.now();
  const isSeen = next.status !== known.paged.status || next.url !== known.paged.url;
  const outbox = isSeen ? await rowsOf(next, now, context) : [];
  const pager = more.pager ?? [];
  const machine = pagedMachine(known, next, now);
  const stored = await context.store.saveMachine(machine, {
    ...(more.audit === undefined ? {} : { audit: more.audit }),
    outbox,
    pager,
  });
  if (stored !== 'stored') return false;
  await announceAll(outbox, pager, context);
  return true;
}

/** As it is stored. */
export const pagedMachine = (known: Known, next: Paged, now: Millis): StoredMachine<Paged> => ({
  v: 1,
  kind: 'paged',
  id: pagedId(next.dedupKey),
  fleet: next.fleet,
  rev: known.rev,
  open: next.status !== 'resolved',
  at: now,
  state: next,
});

async function rowsOf(paged: Paged, now: Millis, context: JobContext): Promise<OutboxRow[]> {
  const { told, fleet } = paged;
  if (told === undefined) {
    const shown = await rowOf(paged, now, context);
    return shown === null ? [] : [shown];
  }
  const message = toldMessage(paged, told);
  return told.channels.map((channel) => row(channel, told.key, fleet, 'alert', now, message, { rank: 1 }));
}

/** The alert's own message, brought up to date; a notice where there is none any more. */
async function rowOf(paged: Paged, now: Millis, context: JobContext): Promise<OutboxRow | null> {
  const { fleet: name, dedupKey } = paged;
  const fleet = context.fleet(name);
  const about = aboutKey(dedupKey);
  if (about?.what === 'page') {
    const key = `paged-${pagedId(dedupKey)}-${paged.since}`;
    return row(fleet.channel, key, name, 'alert', now, pageMessage(paged), { rank: 1 });
  }
  if (about?.what === 'latency') {
    const alert = await context.store.alert(name);
    if (alert === null || alert.id !== about.id) return null;
    const state = await context.store.fleet(name);
    const isFiring = alert.phase === 'firing';
    const seen = {
      fleet: name,
      state: alert,
      sample: state.memory?.recent.at(-1) ?? null,
      policy: fleet.policy,
      latest: state.latest,
      override: openOverride(state.override, now),
      now,
      paged,
      // The buttons of the last minute stay with it.
      fits: isFiring ? fitting(await glance(fleet, now, state, context)) : [],
    };
    const message = isFiring ? latencyFiring(seen) : latencyResolved(seen);
    return row(fleet.channel, `latency-${alert.id}`, name, 'alert', now, message, { rank: 1 });
  }
  if (about?.what === 'health') {
    const health = (await context.store.machine(HEALTH, name))?.state as HealthState | undefined;
    const alert = health?.alert ?? null;
    if (health === undefined || alert === null || alert.id !== about.id) return null;
    const fits = fitting(await glance(fleet, now, await context.store.fleet(name), context));
    return healthRow(fleet, 'updated', { ...health, alert }, { fits, paged, rank: 1 }, now);
  }
  if (about?.what === 'dead-letters') {
    const letters = (await context.store.machine(DEAD_LETTERS, name))?.state as LettersState | undefined;
    const alert = letters?.alert ?? null;
    if (letters === undefined || alert === null || alert.id !== about.id) return null;
    const seen = await glance(fleet, now, await context.store.fleet(name), context);
    const fits = fitsOf(seen, letters.count);
    return lettersRow(fleet, 'updated', letters, alert, { fits, paged, rank: 1 }, now);
  }
  if (about?.what === 'decisions') {
    const { lastCycle, memory } = await context.store.fleet(name);
    const last = lastCycle ?? memory?.firstAt ?? now;
    // The decision that ended the silence said so in the same message.
    if (!hasStopped(last, now, fleet.policy)) return null;
    const message = evaluationsStopped(name, lastCycle, (now - last) / 1_000, paged);
    return row(fleet.channel, stoppedKey(name, last), name, 'alert', now, message, { rank: 1 });
  }
  if (paged.status === 'triggered') return null;
  const key = `paged-${pagedId(dedupKey)}-${paged.since}`;
  return row(fleet.channel, key, name, 'notice', now, pagedNotice(paged), { rank: 1 });
}
