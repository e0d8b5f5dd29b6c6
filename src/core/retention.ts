import type { Millis } from './model.js';

/**
 * How long the store keeps what it keeps. Every store obeys these, the simulated twin too, so that a fleet's room does
 * not grow with its age. Times are Muster time.
 */
const DAY: Millis = 86_400_000;

export const RETENTION = {
  /** Full decision records, with what was seen: the newest ones of a fleet. */
  records: 100,
  /** Cycles whose decision is remembered for "one decision a cycle". */
  cycles: 200,
  summariesMs: 90 * DAY,
  samplesMs: 3 * DAY,
  /** Where a message was posted; an update that comes later is posted anew. */
  postedMs: 7 * DAY,
  /** Audit entries stay this long in the store, and at most so many; older ones are exported. */
  auditMs: 90 * DAY,
  auditEntries: 200_000,
  /** Messages that wait in one channel, and pager events: beyond it the least urgent, newest one goes. */
  channelRows: 5_000,
  pagerEvents: 5_000,
  /** Finished rollouts, drains, proposals … of one kind that are kept. */
  closedMachines: 200,
} as const;
