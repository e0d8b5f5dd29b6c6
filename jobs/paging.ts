/** Whether pages reach PagerDuty: said once when they do not for a minute, and once when they do again. */
import type { JobContext } from '../src/app.js';
import type { Message, OutboxRow, PagerEvent } from '../src/core/message.js';
import type { Millis } from '../src/core/model.js';
import { aboutKey, afterLoss, type Paged, pagedId } from '../src/core/paged.js';
import {
  pageDropped,
  pageMessage,
  pagingDegraded,
  pagingWell,
  toldMessage,
} from '../src/core/views/paged.js';
import type { OutsideError } from '../src/errors.js';
import { row } from './messages.js';

interface Paging {
  since: Millis;
  told: boolean;
}

/** One lost answer is no news. */
const PATIENCE_MS = 60_000;
const KIND = 'paging';
const ID = 'pagerduty';

/** Channels to wake: a page could not be sent just now. */
export async function pagingFails(error: OutsideError, context: JobContext): Promise<string[]> {
  const event = await context.store.peekPager();
  if (event === null || event.kind === 'change') return [];
  const stored = await context.store.machine(KIND, ID);
  const now = context.clock.now();
  const state: Paging = stored?.open === true ? (stored.state as Paging) : { since: now, told: false };
  const isTime = now - state.since >= PATIENCE_MS || error.class === 'human';
  if (state.told || (stored?.open === true && !isTime)) return [];
  const { channel } = context.settings;
  const told = pagingDegraded(state.since, event.summary, error.why);
  const outbox = isTime ? [row(channel, keyOf(state), '*', 'alert', now, told)] : [];
  await context.store.saveMachine(
    {
      v: 1,
      kind: KIND,
      id: ID,
      fleet: '*',
      rev: stored?.rev ?? 0,
      open: true,
      at: now,
      state: { ...state, told: isTime },
    },
    { outbox, pager: [] },
  );
  return outbox.map((each) => each.channel);
}

/** A page was taken. */
export async function pagingWorks(context: JobContext): Promise<string[]> {
  const stored = await context.store.machine(KIND, ID);
  if (stored === null || !stored.open) return [];
  const state = stored.state as Paging;
  const now = context.clock.now();
  const { channel } = context.settings;
  const outbox = state.told
    ? [row(channel, keyOf(state), '*', 'alert', now, pagingWell(state.since, now), { rank: 1 })]
    : [];
  await context.store.saveMachine({ ...stored, open: false, at: now }, { outbox, pager: [] });
  return outbox.map((each) => each.channel);
}

/**
 * A page that PagerDuty will never take is said in the chat, where nobody else would hear of it; `why` null: no routing key
 * applies to it. What it was to open is closed, so that its message does not go on saying that people are called. Channels to wake.
 */
export async function losePage(
  event: Exclude<PagerEvent, { kind: 'change' }>,
  why: string | null,
  context: JobContext,
): Promise<string[]> {
  const { store } = context;
  const now = context.clock.now();
  const dropped = droppedRow(event, why, now, context);
  const stored = event.kind === 'trigger' ? await store.machine('paged', pagedId(event.dedupKey)) : null;
  const known = stored?.state as Paged | undefined;
  // With an id of PagerDuty's an earlier page of this key arrived: that one is still to be taken and resolved.
  if (stored?.open === true && known?.pagerId === null) {
    const state = afterLoss(known, now);
    const outbox = [dropped, ...lostRows(state, now, context)];
    const kept = await store.saveMachine({ ...stored, open: false, at: now, state }, { outbox, pager: [] });
    if (kept === 'stored') return outbox.map(({ channel }) => channel);
  }
  await store.push([dropped], []);
  return [dropped.channel];
}

function droppedRow(
  { fleet, kind, at, summary }: PagerEvent,
  why: string | null,
  now: Millis,
  context: JobContext,
) {
  const key = `dropped-${kind}-${fleet}-${at}`;
  return row(channelOf(fleet, context), key, fleet, 'alert', now, pageDropped(fleet, summary, why));
}

/** The message that said that people are being called; an alert goes on without that. */
function lostRows(paged: Paged, now: Millis, context: JobContext): OutboxRow[] {
  const { told, fleet, dedupKey, since } = paged;
  const say = (channel: string, key: string, message: Message): OutboxRow =>
    row(channel, key, fleet, 'alert', now, message, { rank: 2 });
  if (told !== undefined)
    return told.channels.map((channel) => say(channel, told.key, toldMessage(paged, told)));
  if (aboutKey(dedupKey)?.what !== 'page') return [];
  return [say(channelOf(fleet, context), `paged-${pagedId(dedupKey)}-${since}`, pageMessage(paged))];
}

const channelOf = (name: string, { fleets, settings }: JobContext): string =>
  fleets.find((each) => each.name === name)?.channel ?? settings.channel;

const keyOf = ({ since }: Paging): string => `paging-degraded-${since}`;
