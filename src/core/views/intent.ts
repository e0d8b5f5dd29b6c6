/** What people asked for: overrides and freezes, from the moment they are set until they end. */
import { showDuration } from '../duration.js';
import { showWhen } from '../local-time.js';
import type { Button, Message, OutboxRow, Text } from '../message.js';
import type { Freeze, Millis, Override, Person } from '../model.js';
import { at, fieldsOf, quoted, spans, who, workers } from './words.js';

/** 'pinned at 5 workers', 'at least 5 workers', 'at most 5 workers'. */
export function overrideWords(override: Pick<Override, 'kind' | 'workers'>): string {
  if (override.kind === 'pin') return `pinned at ${workers(override.workers)}`;
  return `${override.kind === 'floor' ? 'at least' : 'at most'} ${workers(override.workers)}`;
}

/** What the fleet is meanwhile: 'pinned at 5 workers', 'held to at least 5 workers'. */
const heldWords = (override: Override): string =>
  `${override.kind === 'pin' ? '' : 'held to '}${overrideWords(override)}`;

/** 'pinned ocr at 5 workers', 'set ocr to at least 5 workers'. */
function overrideDeed(override: Override): string {
  const words = overrideWords(override);
  if (override.kind === 'pin') return `pinned ${override.fleet}${words.slice('pinned'.length)}`;
  return `set ${override.fleet} to ${words}`;
}

/** As somebody would type it: '5', 'floor 5', 'ceiling 5'. */
export function overrideArgument(override: Pick<Override, 'kind' | 'workers'>): string {
  return override.kind === 'pin' ? String(override.workers) : `${override.kind} ${override.workers}`;
}

export function freezeWords(freeze: Pick<Freeze, 'kind' | 'fleet'>): string {
  const fleet = freeze.fleet === '*' ? 'all fleets' : freeze.fleet;
  return freeze.kind === 'down' ? `${fleet}: no cuts` : `${fleet}: no changes`;
}

/** One line of `status`. */
export function overrideLine(override: Override): Text {
  return [
    { bold: `Override ${override.fleet}: ${overrideWords(override)}` },
    ' until ',
    at(override.until, 'date-time'),
    ', by ',
    who(override.by),
    `: ${quoted(override.reason)}`,
  ];
}

export function freezeLine(freeze: Freeze): Text {
  return [
    { bold: `Freeze, ${freezeWords(freeze)}` },
    ' until ',
    at(freeze.until, 'date-time'),
    ', by ',
    who(freeze.by),
    `: ${quoted(freeze.reason)}`,
  ];
}

/** Said when an override begins; `notes` say what limits it (advise mode, an open freeze). */
export function overrideSet(override: Override, replaced: Override | null, notes: string[] = []): Message {
  const instead = replaced === null ? '' : `, instead of ${overrideWords(replaced)}`;
  return {
    summary: `${override.by.name} ${overrideDeed(override)} until ${showWhen(override.until, override.at)}${instead}: ${override.reason}`,
    title: `Override: ${override.fleet} ${overrideWords(override)}`,
    tone: 'info',
    parts: [
      { kind: 'fields', fields: intentFields(override) },
      ...notes.map((text) => ({ kind: 'text' as const, text })),
      { kind: 'buttons', buttons: [endOverrideButton(override)] },
    ],
  };
}

export function overrideConflict(existing: Override, replaceWith: string): Message {
  return {
    summary: `Nothing changed: ${existing.fleet} already has an override, ${overrideWords(existing)} until ${showWhen(existing.until, existing.at)}, by ${existing.by.name}.`,
    title: `${existing.fleet} already has an override`,
    tone: 'warn',
    parts: [
      { kind: 'text', text: overrideLine(existing) },
      {
        kind: 'text',
        text: [
          'Nothing changed. To replace it add ',
          { code: '--replace' },
          ' to your command; to end it type ',
          { code: `override cancel ${existing.fleet}` },
          '.',
        ],
      },
      {
        kind: 'buttons',
        buttons: [
          { label: 'Replace it', command: replaceWith, style: 'primary' },
          { label: 'End the old one', command: `override cancel ${existing.fleet} #${existing.id}` },
        ],
      },
    ],
  };
}

export function overrideExtended(override: Override, before: Override, by: Person): Message {
  return {
    summary: `${by.name} extended the override of ${override.fleet} (${overrideWords(override)}) until ${showWhen(override.until, override.at)}.`,
    title: `Override extended: ${override.fleet} ${overrideWords(override)}`,
    tone: 'info',
    parts: [
      { kind: 'fields', fields: intentFields(override) },
      {
        kind: 'text',
        text: [who(by), ' extended it; it would have ended ', at(before.until, 'date-time'), '.'],
      },
      { kind: 'buttons', buttons: [endOverrideButton(override)] },
    ],
  };
}

/** How an override or a freeze came to its end. */
export type Ending = { how: 'cancelled' | 'replaced' | 'extended'; by: Person } | { how: 'expired' };

/** Replaces the message that announced the override, its buttons gone. */
export function overrideEnded(override: Override, ending: Ending, when: Millis): Message {
  return {
    summary: `The override of ${override.fleet} (${overrideWords(override)}) ${endWords(ending)}.`,
    title: `Override ended: ${override.fleet}`,
    tone: 'info',
    parts: [
      { kind: 'fields', fields: intentFields(override) },
      { kind: 'text', text: [`It ${endWords(ending)}, `, at(when, 'date-time'), '.'] },
      {
        kind: 'context',
        text: `From now on the forecast decides for ${override.fleet} again; an evaluation is under way.`,
      },
    ],
  };
}

interface Next {
  need: number | null;
  from: number | null;
  to: number;
}

/** What follows when nobody overrules the forecast any more. */
export function nextWords(next: Next): string {
  if (next.need === null) return 'Nobody knows just now what the fleet needs, so its count is held.';
  const needs = `The forecast needs ${workers(next.need)}`;
  if (next.from === null || next.from === next.to) return `${needs}: the count stays at ${next.to}.`;
  return `${needs}: the count would go from ${next.from} to ${next.to}.`;
}

/** Before its end, so that there is time to extend it. */
export function overrideSoonRow(override: Override, channel: string, now: Millis, next: string): OutboxRow {
  return intentRow(override, '-soon', 1, overrideSoon(override, now, next), channel, now);
}

export function overrideSoon(override: Override, now: Millis, next: string): Message {
  const left = showDuration(Math.max(60, Math.round((override.until - now) / 60_000) * 60));
  return {
    summary: `The override of ${override.fleet} (${overrideWords(override)}) by ${override.by.name} ends in ${left}. ${next}`,
    title: `Override ends in ${left}: ${override.fleet}`,
    tone: 'info',
    parts: [
      { kind: 'fields', fields: intentFields(override) },
      { kind: 'text', text: `Then the forecast decides. ${next}` },
      {
        kind: 'buttons',
        buttons: [
          { label: 'Extend by 1 h', command: `override extend ${override.fleet} 1h #${override.id}` },
          endOverrideButton(override),
        ],
      },
    ],
  };
}

/** A new message when an override runs out, so that nobody is surprised by what follows. */
export function overrideExpired(override: Override, next = ''): Message {
  return {
    summary: `The override of ${override.fleet} (${overrideWords(override)}) by ${override.by.name} has run out; the forecast decides again.${next === '' ? '' : ` ${next}`}`,
    title: `Override ran out: ${override.fleet}`,
    tone: 'info',
    parts: [
      {
        kind: 'text',
        text: [
          `${override.fleet} was ${heldWords(override)} since `,
          at(override.at, 'date-time'),
          ', set by ',
          who(override.by),
          `: ${quoted(override.reason)}. The forecast decides again; an evaluation is under way.${next === '' ? '' : ` ${next}`}`,
        ],
      },
      {
        kind: 'buttons',
        buttons: [
          { label: 'Why this count?', command: `why ${override.fleet}` },
          {
            label: 'Set it for 1 h more',
            command: `override ${override.fleet} ${overrideArgument(override)} for 1h because ${override.reason}`,
          },
        ],
      },
    ],
  };
}

export function freezeSet(freeze: Freeze): Message {
  return {
    summary: `${freeze.by.name} set a freeze, ${freezeWords(freeze)} until ${showWhen(freeze.until, freeze.at)}: ${freeze.reason}`,
    title: `Freeze: ${freezeWords(freeze)}`,
    tone: 'warn',
    parts: [
      { kind: 'fields', fields: intentFields(freeze) },
      {
        kind: 'context',
        text:
          freeze.kind === 'all'
            ? 'Muster goes on deciding and says what it would have done, but changes nothing meanwhile.'
            : 'Raises go on; no worker is taken away meanwhile.',
      },
      { kind: 'buttons', buttons: [endFreezeButton(freeze)] },
    ],
  };
}

export function freezeEnded(freeze: Freeze, ending: Ending, when: Millis): Message {
  return {
    summary: `The freeze (${freezeWords(freeze)}) ${endWords(ending)}.`,
    title: `Freeze ended: ${freeze.fleet === '*' ? 'all fleets' : freeze.fleet}`,
    tone: 'info',
    parts: [
      { kind: 'fields', fields: intentFields(freeze) },
      { kind: 'text', text: [`It ${endWords(ending)}, `, at(when, 'date-time'), '.'] },
    ],
  };
}

/** Freezes that are open at `now`, the longest first. */
export function openFreezes(freezes: Freeze[], now: Millis): Freeze[] {
  return freezes
    .filter(({ until }) => until > now)
    .sort((a, b) => b.until - a.until || (a.id < b.id ? -1 : 1));
}

/** The messages that announce an override or a freeze, one in each channel that does not see the answer itself. */
export function announcedRows(intent: Override | Freeze, message: Message, when: Millis): OutboxRow[] {
  return (intent.postedIn ?? []).map((channel) => intentRow(intent, '', 1, message, channel, when));
}

/** Closes its messages in place; `elsewhere` are channels that hear of the end in a message of its own. */
export function endedRows(
  intent: Override | Freeze,
  message: Message,
  when: Millis,
  elsewhere: string[],
): OutboxRow[] {
  const posted = intent.postedIn ?? [];
  return [
    ...posted.map((channel) => intentRow(intent, '', 2, message, channel, when)),
    ...elsewhere
      .filter((channel) => !posted.includes(channel))
      .map((channel) => intentRow(intent, '-end', 1, message, channel, when)),
  ];
}

/** What the end of an override by time says: its message closed in place, and a notice that nobody overlooks. */
export function overrideExpiredRows(
  override: Override,
  channel: string,
  now: Millis,
  next = '',
): OutboxRow[] {
  const closed = endedRows(override, overrideEnded(override, { how: 'expired' }, now), now, []);
  return [...closed, intentRow(override, '-end', 1, overrideExpired(override, next), channel, now)];
}

export function freezeExpiredRows(freeze: Freeze, channel: string, now: Millis): OutboxRow[] {
  const ended = freezeEnded(freeze, { how: 'expired' }, now);
  const channels = [...new Set([...(freeze.postedIn ?? []), channel])];
  return [
    ...endedRows(freeze, ended, now, []),
    ...channels.map((each) => intentRow(freeze, '-end', 1, ended, each, now)),
  ];
}

function intentRow(
  intent: Override | Freeze,
  suffix: '' | '-end' | '-soon',
  seq: number,
  message: Message,
  channel: string,
  when: Millis,
): OutboxRow {
  const name = 'workers' in intent ? 'override' : 'freeze';
  return {
    v: 1,
    channel,
    key: `${name}${suffix}-${intent.id}`,
    seq,
    fleet: intent.fleet,
    decisionId: null,
    priority: 'notice',
    at: when,
    message,
  };
}

function endWords(ending: Ending): string {
  if (ending.how === 'expired') return 'ran out';
  return `was ${ending.how} by ${ending.by.name}`;
}

function intentFields(intent: Override | Freeze): { label: string; value: Text }[] {
  return fieldsOf([
    ['By', [who(intent.by)]],
    ['Until', [at(intent.until, 'date-time')]],
    ['Because', spans(quoted(intent.reason))],
  ]);
}

export function endOverrideButton(override: Override): Button {
  return {
    label: 'End it now',
    command: `override cancel ${override.fleet} #${override.id}`,
    confirm: {
      title: `End the override of ${override.fleet}?`,
      text: `${override.fleet} is ${heldWords(override)} because ${override.reason}. The forecast decides again at once.`,
      yes: 'End the override',
      no: 'Keep it',
    },
  };
}

function endFreezeButton(freeze: Freeze): Button {
  return {
    label: 'Unfreeze',
    command: freeze.fleet === '*' ? `unfreeze #${freeze.id}` : `unfreeze ${freeze.fleet} #${freeze.id}`,
    confirm: {
      title: 'End the freeze?',
      text: `It was set because ${freeze.reason}. Changes begin again at once.`,
      yes: 'Unfreeze',
      no: 'Keep it',
    },
  };
}
