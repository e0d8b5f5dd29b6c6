/** Workers that are not well: the alert, and a line for `status`. */

import type { FleetHealth, HealthState, Ill, Illness } from '../health/state.js';
import type { HealthEvent } from '../health/watch.js';
import { lasting } from '../health/watch.js';
import { ILLNESS_WORDS } from '../health/words.js';
import type { Button, Message, Part, Text } from '../message.js';
import type { Millis } from '../model.js';
import type { Paged } from '../paged.js';
import { pagedButtons, pagedLine } from './paged.js';
import { at, UNKNOWN, workers } from './words.js';

const SHOWN = 6;

export interface HealthSeen {
  fleet: string;
  health: HealthState;
  since: Millis;
  /** Of the remedies that fit. */
  buttons: Button[];
  /** What PagerDuty knows of it; absent or null: nothing was heard from there yet. */
  paged?: Paged | null;
}

export function healthMessage(event: HealthEvent, seen: HealthSeen): Message {
  return event === 'resolved' ? resolved(seen) : firing(seen);
}

function firing(seen: HealthSeen): Message {
  const { fleet, health, since, buttons } = seen;
  const ill = lasting(health);
  const missing = degradedOf(health);
  const parts: Part[] = [];
  if (health.stalled !== null) parts.push({ kind: 'text', text: stalledText(health.stalled) });
  if (ill.length > 0) {
    parts.push({ kind: 'list', items: ill.slice(0, SHOWN).map(illLine) });
    if (ill.length > SHOWN) parts.push({ kind: 'text', text: `And ${ill.length - SHOWN} more.` });
  }
  if (seen.paged) parts.push({ kind: 'text', text: pagedLine(seen.paged) });
  parts.push({
    kind: 'context',
    text: [capacityWords(health, missing), ' Since ', at(since, 'date-time'), '.'],
  });
  parts.push({
    kind: 'buttons',
    buttons: [
      ...buttons.slice(0, 2),
      ...pagedButtons(seen.paged ?? null, fleet, 'health'),
      { label: 'Status', command: `status ${fleet}` },
    ],
  });
  return {
    summary: `${fleet}: ${firingSummary(health, ill)}`,
    title:
      health.stalled === null ? `${fleet}: workers are not well` : `${fleet}: hardly anything is finished`,
    tone: health.stalled !== null || missing > 0 ? 'bad' : 'warn',
    parts,
  };
}

function firingSummary(health: FleetHealth, ill: Ill[]): string {
  if (health.stalled !== null) return stalledText(health.stalled);
  const [first] = ill;
  if (first === undefined) return 'workers were not well a moment ago; they are being watched.';
  const rest = ill.length === 1 ? '' : `, and ${ill.length - 1} more are not well`;
  return `worker ${first.worker.slice(0, 8)} in ${first.zone} ${ILLNESS_WORDS[first.illness]}${rest}.`;
}

/** Nobody is recycled for a cause that new workers would meet, too. */
function stalledText({ busy, finishing }: NonNullable<FleetHealth['stalled']>): string {
  const who =
    finishing === 0
      ? 'nobody finishes anything'
      : `only ${workers(finishing)} ${finishing === 1 ? 'finishes' : 'finish'} anything`;
  return `${workers(busy)} hold work and ${who}: the cause is likely what they depend on (storage, network), so no worker is recycled.`;
}

function illLine(one: Ill): Text {
  const slot = one.slot > 0 ? ` slot ${one.slot + 1}` : '';
  return [
    { code: one.worker.slice(0, 8) },
    `${slot} in ${one.zone} on node ${one.nodeId.slice(0, 8)}: ${ILLNESS_WORDS[one.illness]}, since `,
    at(one.since),
    ...(one.lastSuccessAt === null ? [] : [', last success ', at(one.lastSuccessAt)]),
    '.',
  ];
}

function capacityWords(health: FleetHealth, missing: number): string {
  const answered = `${health.answered} of ${health.asked} answered.`;
  return missing === 0
    ? `All count as capacity; ${answered}`
    : `${workers(missing)} count${missing === 1 ? 's' : ''} as no capacity, and others stand in within the limits; ${answered}`;
}

function resolved({ fleet, health, since }: HealthSeen): Message {
  const text = `${fleet}: all workers that answer are well again.`;
  return {
    summary: text,
    title: `${fleet}: workers are well again`,
    tone: 'good',
    parts: [
      { kind: 'text', text },
      {
        kind: 'context',
        text: [`${health.answered} of ${health.asked} answered. It began `, at(since, 'date-time'), '.'],
      },
    ],
  };
}

const degradedOf = ({ degraded }: FleetHealth): number => degraded.reduce((sum, one) => sum + one.workers, 0);

/** For `status` and `doctor`; null: nobody could be asked lately. */
export function healthWords(health: FleetHealth | null): string {
  if (health === null) return `${UNKNOWN}, so all count as running`;
  const { asked, answered, ill, stalled } = health;
  const missing = degradedOf(health);
  const counts = [
    ...(['device', 'no-model', 'stuck', 'silent'] as const).flatMap((illness) => {
      const many = ill.filter(
        (one) => one.illness === illness && (illness !== 'silent' || one.confirmed),
      ).length;
      return many === 0 ? [] : [`${many} ${SHORT[illness]}`];
    }),
    ...(stalled === null ? [] : [`${stalled.busy} hold work and finish none`]),
    ...(answered < asked ? [`${asked - answered} without an answer`] : []),
  ];
  const first = missing === 0 ? `${answered} of ${asked} answered` : `${missing} of ${asked} do not serve`;
  return [first, ...counts].join(', ');
}

const SHORT: Record<Exclude<Illness, 'waits'>, string> = {
  device: 'with a bad device',
  'no-model': 'without a model',
  stuck: 'stuck',
  silent: 'silent for long',
};
