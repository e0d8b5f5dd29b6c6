/** When the cluster does not follow: capacity that is lacking, or a change that came to nothing. */
import type { Message } from '../message.js';
import { type DecisionRecord, type DesiredState, origin, target } from '../model.js';
import { workers } from './words.js';

/** A raise goes as far as it fits; this says what lacks, per zone. */
export function lacksCapacity(record: DecisionRecord, desired: DesiredState): Message {
  const { fleet, decision } = record;
  return {
    summary: `${fleet} cannot get all of ${workers(target(decision))}: ${desired.note ?? 'capacity is lacking'}.`,
    title: `${fleet} lacks capacity`,
    tone: 'bad',
    parts: [
      {
        kind: 'text',
        text: `Asked for ${workers(target(decision))}; what fits is in place. ${desired.note ?? ''}`.trim(),
      },
      {
        kind: 'context',
        text: 'Muster keeps trying. Free room in the zone, raise its quota, or override the fleet for a while.',
      },
      buttons(fleet),
    ],
  };
}

export function changeFailed(record: DecisionRecord, desired: DesiredState): Message {
  const { fleet, decision } = record;
  const change = `from ${origin(decision)} to ${workers(target(decision))}`;
  return {
    summary: `${fleet}: the change ${change} did not finish: ${desired.note ?? 'no reason is known'}.`,
    title: `${fleet}: change not finished`,
    tone: 'bad',
    parts: [
      { kind: 'text', text: `The change ${change} did not finish. ${desired.note ?? ''}`.trim() },
      {
        kind: 'context',
        text: 'Nothing more is tried for this decision; the next cycle decides from what is really there.',
      },
      buttons(fleet),
    ],
  };
}

const buttons = (fleet: string) => ({
  kind: 'buttons' as const,
  buttons: [
    { label: 'Status', command: `status ${fleet}` },
    { label: 'Evaluate now', command: `run ${fleet}`, style: 'primary' as const },
  ],
});
