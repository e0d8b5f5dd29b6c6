/** When the cluster does not follow: one message from the first change that lacks something until all is there. */
import { showDuration } from '../duration.js';
import type { Message } from '../message.js';
import type { DesiredState, Millis } from '../model.js';
import { total } from '../placement.js';
import { at, fieldsOf, workers } from './words.js';

type Lack = NonNullable<DesiredState['lack']>;

/** A raise goes as far as it fits, a change may end early: what lacks, since when, and how often it was tried. */
export function lackMessage(desired: DesiredState, lack: Lack, now: Millis): Message {
  const { fleet, placement, from, status, note } = desired;
  const asked = workers(total(placement));
  const hasFailed = status === 'failed';
  const lasting = lack.tries === 1 ? '' : ` (try ${lack.tries}, for ${lasted(lack, now)})`;
  const what = hasFailed
    ? `${fleet}: the change from ${from} to ${asked} did not finish${lasting}`
    : `${fleet} does not get all of ${asked} yet${lasting}`;
  return {
    summary: `${what}: ${note ?? (hasFailed ? 'no reason is known' : 'it is under way')}.`,
    title: hasFailed ? `${fleet}: change not finished` : `${fleet} lacks capacity`,
    tone: 'bad',
    parts: [
      {
        kind: 'fields',
        fields: fieldsOf([
          ['Asked for', asked],
          ['Tries', String(lack.tries)],
          ['Since', [at(lack.since, 'date-time')]],
        ]),
      },
      { kind: 'text', text: note ?? 'What fits is in place.' },
      {
        kind: 'context',
        text: 'Each cycle tries again while the count is right and no freeze stops it; this message follows. Free room in the zone, raise its quota, or override the fleet for a while.',
      },
      {
        kind: 'buttons',
        buttons: [
          { label: 'Status', command: `status ${fleet}` },
          { label: 'Remedies', command: `remedy ${fleet}` },
          { label: 'Evaluate now', command: `run ${fleet}`, style: 'primary' },
        ],
      },
    ],
  };
}

export function lackOver({ fleet, placement }: DesiredState, lack: Lack, now: Millis): Message {
  const asked = workers(total(placement));
  const text = `${fleet} lacks nothing any more: ${asked} ready, after ${lasted(lack, now)} and ${tries(lack)}.`;
  return {
    summary: text,
    title: `${fleet} has its workers`,
    tone: 'good',
    parts: [
      { kind: 'text', text },
      { kind: 'context', text: ['It began ', at(lack.since, 'date-time'), '.'] },
    ],
  };
}

const lasted = ({ since }: Lack, now: Millis): string => showDuration((now - since) / 1_000);
const tries = ({ tries: count }: Lack): string => `${count} ${count === 1 ? 'try' : 'tries'}`;
