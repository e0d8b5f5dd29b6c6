import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import type { OutboxRow } from '../src/core/message.js';
import type { Millis, Person } from '../src/core/model.js';
import { freezeExpiredRows, overrideExpiredRows } from '../src/core/views/intent.js';
import type { FleetState } from '../src/ports.js';
import { announceAll } from './announce.js';

const MUSTER: Person = { id: 'muster', name: 'Muster' };

/** Ends what people asked for when its time is over, says so once, and asks for a decision without it. */
export async function expireIntents(
  fleet: FleetConfig,
  state: FleetState,
  now: Millis,
  context: JobContext,
): Promise<void> {
  const outbox: OutboxRow[] = [];
  const { override } = state;
  if (override !== null && override.until <= now) {
    const notices = overrideExpiredRows(override, fleet.channel, now);
    const ids = { override: override.id };
    const audit = { at: now, by: MUSTER, action: 'override-expired', fleet: fleet.name, ids };
    const ended = await context.store.endOverride(fleet.name, override.id, audit, notices);
    if (ended === 'stored') outbox.push(...notices);
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
    const ended = await context.store.endFreeze(freeze.fleet, freeze.id, audit, notices);
    if (ended === 'stored') outbox.push(...notices);
  }
  if (outbox.length === 0) return;
  await context.queue.enqueue(
    'evaluate',
    { v: 1, fleet: fleet.name, trigger: 'request' },
    { dedupe: `evaluate-${fleet.name}` },
  );
  await announceAll(outbox, [], context);
}
