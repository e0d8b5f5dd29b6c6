import type { Message, PagerEvent } from '../message.js';
import type { Millis } from '../model.js';

type Change = Extract<PagerEvent, { kind: 'change' }>;

/** What changed, as PagerDuty shows it beside its incidents; it pages nobody. `id`: unique for the change. */
export const changeEvent = (
  fleet: string,
  id: string,
  { summary }: Message,
  details: Change['details'],
  at: Millis,
): Change => ({ v: 1, kind: 'change', fleet, id, summary, details, at });
