/** Whether pages reach PagerDuty: said once when they do not for a minute, and once when they do again. */
import type { JobContext } from '../src/app.js';
import type { PagerEvent } from '../src/core/message.js';
import type { Millis } from '../src/core/model.js';
import { pageDropped, pagingDegraded, pagingWell } from '../src/core/views/paged.js';
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

/** A page that PagerDuty will never take is said in the chat: nobody else would hear of it. `why` null: no routing key applies. */
export function droppedRow(event: PagerEvent, why: string | null, context: JobContext) {
  const now = context.clock.now();
  const fleet = context.fleets.find(({ name }) => name === event.fleet);
  const key = `dropped-${event.kind}-${event.fleet}-${event.at}`;
  const message = pageDropped(event.fleet, event.summary, why);
  return row(fleet?.channel ?? context.settings.channel, key, event.fleet, 'alert', now, message);
}

const keyOf = ({ since }: Paging): string => `paging-degraded-${since}`;
