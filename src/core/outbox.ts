import type { OutboxPriority, PagerEvent } from './message.js';

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
