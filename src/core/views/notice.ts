/** What concerns Muster itself: evaluations that stopped, and needs that a limit leaves unmet. */
import { showDuration } from '../duration.js';
import type { Message, Part } from '../message.js';
import type { Millis } from '../model.js';
import type { Paged } from '../paged.js';
import { pagedButtons, pagedLine } from './paged.js';
import { at, workers } from './words.js';

/** The watchdog's: no decision about a fleet for longer than it should be. `paged`: null where nobody can be paged. */
export function evaluationsStopped(
  fleet: string,
  last: Millis | null,
  lateSeconds: number,
  paged: Paged | null = null,
): Message {
  const parts: Part[] = [
    {
      kind: 'text',
      text:
        last === null
          ? `There was never a decision about ${fleet}.`
          : ['The last decision was ', at(last, 'date-time'), `, ${showDuration(lateSeconds)} ago.`],
    },
    {
      kind: 'text',
      text: 'The workers that run go on running. Look at /readyz and the logs of the bot, and at Redis.',
    },
  ];
  if (paged !== null) parts.push({ kind: 'text', text: pagedLine(paged) });
  const evaluate = { label: 'Evaluate now', command: `run ${fleet}` };
  const more = paged === null ? [] : pagedButtons(paged, fleet, 'decisions');
  parts.push({ kind: 'buttons', buttons: [...more, evaluate] });
  return {
    summary: `No decision about ${fleet} for ${showDuration(lateSeconds)}; its count is not being adjusted.`,
    title: `${fleet}: evaluations have stopped`,
    tone: 'bad',
    parts,
  };
}

export function evaluationsResumed(fleet: string, silentSeconds: number): Message {
  const sentence = `Decisions about ${fleet} are made again, after ${showDuration(silentSeconds)} without one.`;
  return {
    summary: sentence,
    title: `${fleet}: evaluations go on`,
    tone: 'good',
    parts: [{ kind: 'text', text: sentence }],
  };
}

/** Limits keep a fleet below its need. */
export function shortOfNeed(
  fleet: string,
  need: number,
  shortOf: number,
  limits: string[],
  since: Millis,
): Message {
  const what = `${fleet} needs ${workers(need)} but gets ${need - shortOf}`;
  return {
    summary: `${what}: ${limits.join('; ')}`,
    title: `${fleet} has fewer workers than it needs`,
    tone: 'warn',
    parts: [
      { kind: 'text', text: `${what}.` },
      { kind: 'list', items: limits },
      { kind: 'context', text: ['Since ', at(since, 'date-time'), '. This message follows.'] },
      { kind: 'buttons', buttons: [{ label: 'Why?', command: `why ${fleet}` }] },
    ],
  };
}

export function shortageOver(fleet: string, need: number, since: Millis, now: Millis): Message {
  const text = `${fleet} gets the ${workers(need)} it needs again, after ${showDuration((now - since) / 1_000)}.`;
  return {
    summary: text,
    title: `${fleet} gets what it needs`,
    tone: 'good',
    parts: [
      { kind: 'text', text },
      { kind: 'context', text: ['It began ', at(since, 'date-time'), '.'] },
    ],
  };
}
