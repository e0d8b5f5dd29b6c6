import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import type { Millis, Override, Person, Seen } from '../src/core/model.js';
import { planFleet } from '../src/core/plan.js';
import { changeEvent, inEachService } from '../src/core/views/change.js';
import {
  freezeExpiredRows,
  nextWords,
  overrideExpiredRows,
  overrideSoonRow,
} from '../src/core/views/intent.js';
import type { FleetState } from '../src/ports.js';
import { announceAll } from './announce.js';

const NOTICE_MS = 15 * 60_000;
/** Machine time; no override lasts longer. */
const REMEMBERED_MS = 8 * 86_400_000;
const MUSTER: Person = { id: 'muster', name: 'Muster' };

/** Ends what people asked for when its time is over, says so once, and asks for a decision without it. */
export async function expireIntents(
  fleet: FleetConfig,
  state: FleetState,
  seen: Seen,
  context: JobContext,
): Promise<void> {
  const { now } = seen;
  const outbox: OutboxRow[] = await remind(fleet, state, seen, context);
  const pager: PagerEvent[] = [];
  const { override } = state;
  if (override !== null && override.until <= now) {
    const notices = overrideExpiredRows(
      override,
      fleet.channel,
      now,
      nextWords(planFleet(seen, fleet.policy, null)),
    );
    const ids = { override: override.id };
    const audit = { at: now, by: MUSTER, action: 'override-expired', fleet: fleet.name, ids };
    const changes = changesOf(fleet.name, override.id, notices[0]!, context);
    const ended = await context.store.endOverride(fleet.name, override.id, audit, notices, changes);
    if (ended === 'stored') {
      outbox.push(...notices);
      pager.push(...changes);
    }
  }
  for (const freeze of state.freezes.filter((each) => each.until <= now)) {
    const notices = freezeExpiredRows(
      freeze,
      freeze.fleet === '*' ? context.settings.channel : fleet.channel,
      now,
    );
    const audit = {
      at: now,
      by: MUSTER,
      action: 'freeze-expired',
      fleet: freeze.fleet,
      ids: { freeze: freeze.id },
    };
    const changes = changesOf(freeze.fleet, freeze.id, notices[0]!, context);
    const ended = await context.store.endFreeze(freeze.fleet, freeze.id, audit, notices, changes);
    if (ended === 'stored') {
      outbox.push(...notices);
      pager.push(...changes);
    }
  }
  if (pager.length > 0)
    await context.queue.enqueue(
      'evaluate',
      { v: 1, fleet: fleet.name, trigger: 'request' },
      { dedupe: `evaluate-${fleet.name}` },
    );
  await announceAll(outbox, pager, context);
}

/** PagerDuty shows it beside its incidents, as it shows who set it. */
const changesOf = (
  fleet: string,
  id: string,
  { at, message }: OutboxRow,
  { fleets }: JobContext,
): PagerEvent[] =>
  inEachService(changeEvent(fleet, `${id}-expired`, message, { by: MUSTER.name }, at), fleets);

/** A quarter of an hour before its end an override's owner hears of it, once, with what follows and what can be done. */
async function remind(
  fleet: FleetConfig,
  { override }: FleetState,
  seen: Seen,
  context: JobContext,
): Promise<OutboxRow[]> {
  if (override === null || !isSoonOver(override, seen.now)) return [];
  const row = overrideSoonRow(
    override,
    fleet.channel,
    seen.now,
    nextWords(planFleet(seen, fleet.policy, null)),
  );
  const id = `reminded-${override.id}`;
  if (!(await context.store.once(id, REMEMBERED_MS))) return [];
  try {
    await context.store.push([row], []);
  } catch (error) {
    await context.store.undoOnce(id);
    throw error;
  }
  return [row];
}

/** One that lasts less than twice the notice was set moments ago: its owner remembers. */
const isSoonOver = ({ at, until }: Override, now: Millis): boolean =>
  now < until && until - now <= NOTICE_MS && until - at > 2 * NOTICE_MS;
