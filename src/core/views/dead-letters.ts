/** Messages that nobody could deal with: the alert, from the first look that finds too many until it is over. */
import { LET_STAND_MS, type LettersAlert, type LettersEvent, type LettersState } from '../dead-letters.js';
import { showDuration } from '../duration.js';
import type { Button, Message, Part } from '../message.js';
import type { Paged } from '../paged.js';
import { pagedButtons, pagedLine } from './paged.js';
import { at, fieldsOf, number } from './words.js';

export interface LettersSeen {
  fleet: string;
  state: LettersState;
  /** Of the alert; when it is over, of the one that is. */
  alert: LettersAlert;
  /** Of the remedies that fit. */
  buttons: Button[];
  /** What PagerDuty knows of it; absent or null: nothing was heard from there yet. */
  paged?: Paged | null;
}

export function lettersMessage(event: LettersEvent, seen: LettersSeen): Message {
  return event === 'resolved' ? resolved(seen) : firing(seen);
}

function firing({ fleet, state, alert, buttons, paged }: LettersSeen): Message {
  const parts: Part[] = [
    {
      kind: 'fields',
      fields: fieldsOf([
        ['In the queue now', number(state.count)],
        ['Most so far', number(alert.most)],
        ['Since', [at(alert.since, 'date-time')]],
        ['Last grew', [at(alert.grewAt, 'date-time')]],
      ]),
    },
    {
      kind: 'text',
      text: 'Each is a request that no worker could deal with, and that has no answer. Mend the cause first: what is requeued meets the same workers again.',
    },
  ];
  if (state.stand > 0)
    parts.push({ kind: 'text', text: `${number(state.stand)} of them were there before and left there.` });
  if (paged) parts.push({ kind: 'text', text: pagedLine(paged) });
  parts.push({
    kind: 'context',
    text: `This message is updated while it lasts: until they are gone, or no new one has come for ${LASTED}.`,
  });
  parts.push({
    kind: 'buttons',
    buttons: [
      ...buttons,
      ...pagedButtons(paged ?? null, fleet, 'dead-letters'),
      { label: 'Status', command: `status ${fleet}` },
    ],
  });
  return {
    summary: `${fleet}: ${letters(state.count)} in the dead-letter queue, without an answer.`,
    title: `${fleet}: messages are dead-lettered`,
    tone: 'warn',
    parts,
  };
}

function resolved({ fleet, state, alert, paged }: LettersSeen): Message {
  const left = `${letters(state.count)} in the dead-letter queue`;
  const isGone = state.count === 0;
  const text = isGone
    ? `${fleet}: the dead-letter queue is empty again.`
    : `${fleet}: nothing new was dead-lettered lately; ${left}, and only what comes on top of that is told.`;
  return {
    summary: text,
    title: isGone ? `${fleet}: dead letters are gone` : `${fleet}: dead letters no longer grow`,
    tone: isGone ? 'good' : 'info',
    parts: [
      { kind: 'text', text },
      ...(paged ? [{ kind: 'text' as const, text: pagedLine(paged) }] : []),
      {
        kind: 'context',
        text: [`${number(alert.most)} at the most. It began `, at(alert.since, 'date-time'), '.'],
      },
    ],
  };
}

const LASTED = showDuration(LET_STAND_MS / 1_000);
const letters = (count: number): string => (count === 1 ? '1 message is' : `${number(count)} messages are`);
