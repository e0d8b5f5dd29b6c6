/**
 * Looks once a minute, as part of `observe`, whether somebody's failed deployment keeps the count of a zone (see `Blocked`),
 * and tells people until it is over. Nothing else would say so while no worker lacks: the fleet is cut no more.
 */
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import type { Millis } from '../src/core/model.js';
import { fitting } from '../src/core/remedies/index.js';
import { badVersionMessage } from '../src/core/views/bad-version.js';
import { remedyButton } from '../src/core/views/remedy.js';
import type { FleetState, StoredMachine } from '../src/ports.js';
import { lightSymptoms } from '../src/symptoms.js';
import { announceAll } from './announce.js';
import { runByItself } from './auto-remedy.js';
import type { Look } from './look.js';
import { row } from './messages.js';

const BAD_VERSION = 'bad-version';

interface BadState {
  v: 1;
  id: string;
  since: Millis;
  /** What keeps each zone, in words; empty: nothing does any more. */
  kept: string[];
}

export async function keepBadVersion(
  fleet: FleetConfig,
  looked: Look,
  fleetState: FleetState,
  context: JobContext,
): Promise<void> {
  // Unknown is not over.
  if (looked.zones === null) return;
  const { store } = context;
  const now = context.clock.now();
  const kept = looked.zones.flatMap(({ zone, blocked }) =>
    blocked?.kind === 'bad-version' ? [`${zone}: ${blocked.detail}`] : [],
  );
  const stored = (await store.machine(BAD_VERSION, fleet.name)) as StoredMachine<BadState> | null;
  const open = stored?.open === true ? stored.state : null;
  if (kept.length === 0 && open === null) return;
  const seen = await lightSymptoms(fleet, now, fleetState, looked.zones, store);
  const fits = fitting(seen).filter(({ remedy }) => remedy.name === 'roll-back');
  if (open === null || JSON.stringify(open.kept) !== JSON.stringify(kept)) {
    const state: BadState = { v: 1, id: open?.id ?? context.newId(), since: open?.since ?? now, kept };
    const buttons = fits.map((fit) => remedyButton(fleet.name, fit));
    const message = badVersionMessage(fleet.name, state, buttons);
    const outbox = [row(fleet.channel, `bad-version-${state.id}`, fleet.name, 'alert', now, message)];
    const machine = { v: 1 as const, kind: BAD_VERSION, id: fleet.name, fleet: fleet.name, at: now };
    const saved = await store.saveMachine(
      { ...machine, open: kept.length > 0, rev: stored?.rev ?? 0, state },
      { outbox, pager: [] },
    );
    if (saved !== 'stored') return;
    await announceAll(outbox, [], context);
  }
  if (kept.length > 0 && fits.length > 0) await runByItself(fleet, fits, context);
}
