import type { Message, PagerEvent } from '../message.js';
import type { Millis } from '../model.js';
import { byService } from '../paged.js';

type Change = Extract<PagerEvent, { kind: 'change' }>;

/** What changed, as PagerDuty shows it beside its incidents; it pages nobody. `id`: unique for the change. */
export const changeEvent = (
  fleet: string,
  id: string,
  { summary }: Message,
  details: Change['details'],
  at: Millis,
): Change => ({ v: 1, kind: 'change', fleet, id, summary, details, at });

/** What is every fleet's stands beside the incidents of each of PagerDuty's services. */
export const inEachService = (
  change: Change,
  fleets: { name: string; pagerdutyRoutingKey: string | null }[],
): Change[] =>
  change.fleet === '*'
    ? byService(fleets).flatMap(([first]) => (first === undefined ? [] : [{ ...change, via: first.name }]))
    : [change];
