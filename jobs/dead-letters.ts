/**
 * Counts a fleet's dead letters once a minute, as part of `observe`, and tells people when there are too many. A count
 * that nobody gives is unknown: it fires nothing and heals nothing.
 */
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import {
  DEAD_LETTERS,
  type LettersAlert,
  type LettersEvent,
  type LettersState,
  watchLetters,
} from '../src/core/dead-letters.js';
import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import type { Millis } from '../src/core/model.js';
import { lettersKey, type Paged, pagedId } from '../src/core/paged.js';
import { type Fit, fitting } from '../src/core/remedies/index.js';
import type { Symptoms } from '../src/core/remedies/remedy.js';
import { lettersMessage } from '../src/core/views/dead-letters.js';
import { remedyButton } from '../src/core/views/remedy.js';
import { OutsideError } from '../src/errors.js';
import type { FleetState, StoredMachine } from '../src/ports.js';
import { lightSymptoms } from '../src/symptoms.js';
import { announceAll } from './announce.js';
import { runByItself } from './auto-remedy.js';
import type { Look } from './look.js';
import { row } from './messages.js';

/** null: none are counted here, or nobody says. */
export async function countLetters(fleet: FleetConfig, context: JobContext): Promise<number | null> {
  try {
    return (await context.deadLetters?.count(fleet.demand)) ?? null;
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    context.meter.peerFailed(error.peer, error.why);
    return null;
  }
}

/** Keeps what was counted and says what there is to say; another replica that was faster has said it. */
export async function keepLetters(
  fleet: FleetConfig,
  count: number,
  looked: Look,
  fleetState: FleetState,
  context: JobContext,
): Promise<void> {
  const { store } = context;
  const now = context.clock.now();
  const stored = (await store.machine(DEAD_LETTERS, fleet.name)) as StoredMachine<LettersState> | null;
  const before = stored?.state ?? null;
  const limit = fleet.deadLetterLimit ?? 0;
  const { state, event } = watchLetters(before, count, limit, now, context.newId());
  const alert = state.alert ?? before?.alert ?? null;
  const fits =
    state.alert === null
      ? []
      : fitsOf(await lightSymptoms(fleet, now, fleetState, looked.zones, store), count);
  if (JSON.stringify(state) !== JSON.stringify(before)) {
    const told =
      event === null || alert === null
        ? { outbox: [], pager: [] }
        : tell(fleet, event, state, alert, fits, await pagedOf(fleet, alert.id, context), now);
    const open = state.alert !== null || state.stand > 0;
    const machine = { v: 1 as const, kind: DEAD_LETTERS, id: fleet.name, fleet: fleet.name, open, at: now };
    const saved = await store.saveMachine({ ...machine, rev: stored?.rev ?? 0, state }, told);
    if (saved !== 'stored') return;
    await announceAll(told.outbox, told.pager, context);
  }
  if (fits.length > 0) await runByItself(fleet, fits, context);
}

/** Others are another alert's matter. */
export const fitsOf = (seen: Symptoms, count: number): Fit[] =>
  fitting({ ...seen, deadLetters: count }).filter(({ remedy }) => remedy.name === 'requeue');

async function pagedOf(fleet: FleetConfig, alertId: string, context: JobContext): Promise<Paged | null> {
  const stored = await context.store.machine('paged', pagedId(lettersKey(fleet.name, alertId)));
  return (stored?.state as Paged | undefined) ?? null;
}

/** The alert's message as it is now. `rank` 1: brought up to date in the same moment. */
export function lettersRow(
  fleet: FleetConfig,
  event: LettersEvent,
  state: LettersState,
  alert: LettersAlert,
  known: { fits: Fit[]; paged: Paged | null; rank?: number },
  now: Millis,
): OutboxRow {
  const buttons = known.fits.map((fit) => remedyButton(fleet.name, fit));
  const message = lettersMessage(event, { fleet: fleet.name, state, alert, buttons, paged: known.paged });
  const key = `dead-letters-${alert.id}`;
  return row(fleet.channel, key, fleet.name, 'alert', now, message, { rank: known.rank ?? 0 });
}

function tell(
  fleet: FleetConfig,
  event: LettersEvent,
  state: LettersState,
  alert: LettersAlert,
  fits: Fit[],
  paged: Paged | null,
  now: Millis,
): { outbox: OutboxRow[]; pager: PagerEvent[] } {
  const own = lettersRow(fleet, event, state, alert, { fits, paged }, now);
  if (event === 'updated') return { outbox: [own], pager: [] };
  const page: PagerEvent = {
    v: 1,
    kind: event === 'fired' ? 'trigger' : 'resolve',
    fleet: fleet.name,
    dedupKey: lettersKey(fleet.name, alert.id),
    summary: own.message.summary,
    severity: 'warning',
    details: {
      deadLetters: state.count,
      letStand: state.stand,
      fittingRemedy: fits[0]?.remedy.name ?? null,
    },
    at: now,
    message: { channel: fleet.channel, key: own.key },
  };
  return { outbox: [own], pager: [page] };
}
