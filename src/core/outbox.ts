import type { OutboxPriority, OutboxRow, PagerEvent } from './message.js';
import type { Millis } from './model.js';

/** Smaller goes first. */
export const PRIORITY_RANK: Record<OutboxPriority, number> = {
  alert: 0,
  decision: 1,
  progress: 2,
  notice: 3,
};

/** The channel's name under which waiting pager events are counted. */
export const PAGER_CHANNEL = 'pagerduty';

/** Two pager events are the same when everything in them is. */
export const samePagerEvent = (a: PagerEvent, b: PagerEvent): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** What waited this long is news no more; machine hiccups count for more where the Muster clock runs faster. */
const STALE_MS = 10 * 60_000;
const HICCUP_MS = 5_000;
/** Once something is told together, all but what has just come goes with it. */
const FRESH_MS = 60_000;
/** Fewer late messages than this are posted as they are. */
const FEW = 4;

/** True when a message comes so late that those that wait are told together: alerts never are. */
export const isLate = (row: OutboxRow, now: Millis, speed: number): boolean =>
  row.priority !== 'alert' && now - row.at > STALE_MS + HICCUP_MS * speed;

const isFresh = (row: OutboxRow, now: Millis, speed: number): boolean =>
  now - row.at <= FRESH_MS + (HICCUP_MS / 5) * speed;

/**
 * The messages that were never posted and are not fresh, when they are many. An update of a posted message is none of them: it
 * notifies nobody, and without it the message would stay as it was.
 */
export function foldable(
  waiting: { row: OutboxRow; wasPosted: boolean }[],
  now: Millis,
  speed: number,
): OutboxRow[] {
  const late = waiting.filter(
    ({ row, wasPosted }) => !wasPosted && row.priority !== 'alert' && !isFresh(row, now, speed),
  );
  return late.length < FEW ? [] : late.map(({ row }) => row);
}
