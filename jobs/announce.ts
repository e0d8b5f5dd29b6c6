import { z } from 'zod';
import type { JobContext } from '../src/app.js';
import type { OutboxRow, PagerEvent } from '../src/core/message.js';
import type { Millis } from '../src/core/model.js';
import { foldable, isLate } from '../src/core/outbox.js';
import { delayedMessage } from '../src/core/views/delayed.js';
import { OutsideError } from '../src/errors.js';
import type { ChatRef, Lease } from '../src/ports.js';
import { defineJob } from './job.js';
import { losePage, pagingFails, pagingWorks } from './paging.js';

/** Slack takes about one message a second and channel; the pace is on the Muster clock, Retry-After on the machine's. */
const PACE_MS = 1_000;
const RETRY_MS = 15_000;
/** Messages of one run; the next run goes on, so that no channel holds a worker for long. */
const BATCH = 20;
/** Waiting messages that are read at once. */
const PAGE = 200;
const DAY_MS = 86_400_000;
/** A page younger than this waits for its message's link, and looks again so often. Machine time. */
const LINK_MS = 2_000;
const LINK_LOOK_MS = 250;
/** A peer that asks for more is asked again nevertheless. Machine time. */
const MOST_REST_MS = 10 * 60_000;
export const PAGER = 'pagerduty';

/** Sends what waits for one channel: alerts first, one at a time, each message's newest version only. */
export const announce = defineJob({
  name: 'announce',
  data: z.object({ v: z.literal(1), channel: z.string() }),
  deadlineMs: 60_000,
  async run({ channel }, context) {
    // One sender a channel: of two, the slower one would post again or put an older version over a newer one.
    const { holder, leaseMs } = context.settings;
    const lease = await context.store.lease(`channel-${channel}`, holder, leaseMs);
    if (lease === null) return announceTo(channel, context, RETRY_MS);
    const head: Head = { row: null, event: null };
    let rests = false;
    try {
      const again = channel === PAGER ? await page(head, context) : await post(channel, head, lease, context);
      if (again !== null) await announceTo(channel, context, again);
    } catch (error) {
      if (!(error instanceof OutsideError)) throw error;
      context.meter.peerFailed(error.peer, error.why);
      // What PagerDuty answered with a refusal is not sent again: its loss is said by itself.
      const isKept = error.class !== 'human' || error.status === null;
      if (channel === PAGER && isKept) await wake(await pagingFails(error, context), context);
      if (error.class === 'human') return dropHead(channel, head, error, context);
      // The peer's time to wait is the machine's: until then nobody sends, however often the channel is woken.
      if (error.retryAfterMs !== null) rests = await context.store.renew(lease, restMs(error.retryAfterMs));
      const wait = error.retryAfterMs === null ? RETRY_MS : error.retryAfterMs * context.clock.speed;
      context.log.warn({ channel, why: error.why, waitMs: wait }, error.message);
      await announceTo(channel, context, wait);
    } finally {
      if (!rests) await context.store.release(lease);
    }
  },
});

/** What was being sent when it failed: something more urgent may stand before it by now. */
interface Head {
  row: OutboxRow | null;
  event: PagerEvent | null;
}

const restMs = (retryAfterMs: number): number => Math.min(Math.max(retryAfterMs, 1), MOST_REST_MS);

export const announceTo = (channel: string, context: JobContext, delayMs = 0): Promise<void> =>
  context.queue.enqueue(
    'announce',
    { v: 1, channel },
    { dedupe: `announce-${channel}`, ...(delayMs > 0 ? { delayMs } : {}) },
  );

export async function announceAll(
  outbox: OutboxRow[],
  pager: PagerEvent[],
  context: JobContext,
): Promise<void> {
  const channels = new Set(outbox.map((row) => row.channel));
  if (pager.length > 0) channels.add(PAGER);
  for (const channel of channels) await announceTo(channel, context);
}

/** When to go on; null: nothing is left. */
async function post(channel: string, head: Head, lease: Lease, context: JobContext): Promise<Millis | null> {
  const { chat, store, clock, signal } = context;
  let isFolded = false;
  for (let sent = 0; sent < BATCH; sent += 1) {
    if (signal.aborted) return PACE_MS;
    const row = await store.peek(channel);
    if (row === null) return null;
    head.row = row;
    if (chat === null) {
      await store.sent(row, { channel, ts: '0' }, 0);
      continue;
    }
    if (sent > 0) await clock.sleep(PACE_MS, signal);
    if (!isFolded && isLate(row, clock.now(), clock.speed)) {
      isFolded = true;
      const told = await tellTogether(channel, lease, context);
      if (told === 'lost') return PACE_MS;
      if (told === 'told') continue;
    }
    if (!(await sendRow(row, lease, context))) return PACE_MS;
  }
  return PACE_MS;
}

/**
 * What waited too long is told in one summary. Its rows go when it is posted and not before, so that a crash or a Slack
 * that is still away loses nothing; its key comes from the first row, so that it is found again and not posted twice.
 */
async function tellTogether(
  channel: string,
  lease: Lease,
  context: JobContext,
): Promise<'told' | 'few' | 'lost'> {
  const { store, clock } = context;
  const now = clock.now();
  const waiting: { row: OutboxRow; wasPosted: boolean }[] = [];
  for (let from = 0; ; from += PAGE) {
    const some = await store.backlog(channel, from, PAGE);
    waiting.push(...some);
    if (some.length < PAGE) break;
  }
  const rows = foldable(waiting, now, clock.speed);
  const [first] = rows;
  if (first === undefined) return 'few';
  const summary: OutboxRow = {
    v: 1,
    channel,
    key: `delayed-${first.key}`,
    seq: now,
    fleet: '*',
    decisionId: null,
    priority: 'notice',
    at: now,
    message: delayedMessage(rows, now),
  };
  if (!(await sendRow(summary, lease, context))) return 'lost';
  await store.fold(channel, rows);
  context.log.info({ channel, messages: rows.length }, 'told late messages in one summary');
  return 'told';
}

/** False when another sender has taken over meanwhile. */
async function sendRow(row: OutboxRow, lease: Lease, context: JobContext): Promise<boolean> {
  const { store } = context;
  const chat = context.chat!;
  const stillMine = () => store.renew(lease, context.settings.leaseMs);
  const before = await store.posted(row.channel, row.key);
  let ref = before?.ref ?? null;
  if (ref === null) {
    // Posting twice is the one thing Slack does not forgive: after an unknown outcome, look for it first.
    const id = `post-${row.channel}-${row.key}`;
    const isFirst = await store.once(id, DAY_MS);
    ref = isFirst ? null : await chat.find(row);
    if (!(await stillMine())) return false;
    // What an unanswered post left behind may be an older version.
    if (ref === null) ref = await orUndo(id, context, () => chat.post(row));
    else await chat.update(ref, row);
  } else if (row.seq > (before?.seq ?? 0)) {
    if (!(await stillMine())) return false;
    ref = await updateOrPost(ref, row, context);
  }
  let replies = before?.threadPosted ?? 0;
  const thread = row.thread ?? [];
  while (replies < thread.length) {
    const id = `reply-${row.channel}-${row.key}-${replies}`;
    const isFirst = await store.once(id, DAY_MS);
    // A reply whose outcome is unknown is not repeated: the thread's numbers are also in `why`.
    const [to, index] = [ref, replies];
    if (isFirst) await orUndo(id, context, () => chat.reply(to, row, index));
    replies += 1;
  }
  await store.sent(row, ref, replies);
  return true;
}

/** Somebody deleted the message: its newest state is posted anew, once a version. */
async function updateOrPost(ref: ChatRef, row: OutboxRow, context: JobContext): Promise<ChatRef> {
  const chat = context.chat!;
  try {
    await chat.update(ref, row);
    return ref;
  } catch (error) {
    if (!(error instanceof OutsideError) || error.class !== 'refetch') throw error;
  }
  const id = `post-${row.channel}-${row.key}-${row.seq}`;
  const isFirst = await context.store.once(id, DAY_MS);
  const found = isFirst ? null : await chat.find(row);
  return found ?? orUndo(id, context, () => chat.post(row));
}

/** A post that was surely not taken may be tried again as if it were the first. */
async function orUndo<T>(id: string, context: JobContext, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const surely = error instanceof OutsideError && (error.why === 'rate-limited' || error.why === 'refused');
    if (surely) await context.store.undoOnce(id);
    throw error;
  }
}

async function page(head: Head, context: JobContext): Promise<Millis | null> {
  for (let sent = 0; sent < BATCH; sent += 1) {
    if (context.signal.aborted) return PACE_MS;
    const event = await context.store.peekPager();
    if (event === null) return null;
    if (await awaitsLink(event, context)) return LINK_LOOK_MS * context.clock.speed;
    head.event = event;
    const { pager, fleets } = context;
    const by = event.kind === 'change' ? (event.via ?? event.fleet) : event.fleet;
    const own = fleets.find(({ name }) => name === by)?.pagerdutyRoutingKey ?? null;
    if (pager?.reaches?.(own) === false) {
      // No time and no mended peer gives it a key: it would stand before every other page.
      await drop(event, null, context);
      continue;
    }
    if (pager !== null) {
      await pager.send(await linked(event, context), own);
      if (event.kind !== 'change') await wake(await pagingWorks(context), context);
    }
    await context.store.sentPager(event);
  }
  return PACE_MS;
}

/** A page and its message are sent at once by two senders, and PagerDuty takes the link with the page only: it waits for Slack's answer, not for Slack. */
async function awaitsLink(event: PagerEvent, { store, chat, clock }: JobContext): Promise<boolean> {
  if (event.kind !== 'trigger' || event.message === undefined || !chat?.permalink) return false;
  const age = (clock.now() - event.at) / clock.speed;
  // A clock that is ahead elsewhere keeps nobody from being called.
  if (age < 0 || age >= LINK_MS) return false;
  return (await store.posted(event.message.channel, event.message.key)) === null;
}

/** The page links to its message where that is posted by now. */
async function linked(event: PagerEvent, context: JobContext): Promise<PagerEvent> {
  if (event.kind !== 'trigger' || event.message === undefined) return event;
  const { channel, key } = event.message;
  const posted = await context.store.posted(channel, key);
  const href = posted === null ? null : await context.chat?.permalink?.(posted.ref).catch(() => null);
  if (!href) return event;
  return { ...event, links: [...(event.links ?? []), { href, text: 'The alert in Slack' }] };
}

async function wake(channels: string[], context: JobContext): Promise<void> {
  for (const channel of channels) await announceTo(channel, context);
}

/** `error`: what the peer said of it; null: no routing key applies. A page's loss is said in the chat. */
async function drop(event: PagerEvent, error: OutsideError | null, context: JobContext): Promise<void> {
  const what = event.kind === 'change' ? 'change event' : 'page';
  context.log.error(
    { channel: PAGER, event: event.kind, fleet: event.fleet },
    `dropped a ${what} that cannot be sent: ${error?.message ?? 'no routing key applies to it'}`,
  );
  if (event.kind !== 'change') {
    await wake(await losePage(event, error?.why ?? null, context), context);
  }
  await context.store.sentPager(event);
}

/** What the peer will never take must not stop what waits behind it; it is kept in the log by its key. */
async function dropHead(
  channel: string,
  { row, event }: Head,
  error: OutsideError,
  context: JobContext,
): Promise<void> {
  // A page goes only when PagerDuty itself refused it: a certificate that is not trusted is mended, and the page still counts.
  const isUnanswered = error.status === null && (event !== null || error.why === 'refused');
  if (isUnanswered || (row === null && event === null)) {
    context.log.error({ channel }, error.message);
    return;
  }
  if (event !== null) {
    await drop(event, error, context);
  } else if (row !== null) {
    context.log.error({ channel, key: row.key }, `dropped a message that cannot be sent: ${error.message}`);
    await context.store.sent(row, { channel, ts: '0' }, row.thread?.length ?? 0);
  }
  await announceTo(channel, context);
}
