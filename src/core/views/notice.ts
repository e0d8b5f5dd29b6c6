/** What concerns Muster itself or a peer: evaluations that stopped, a peer that is silent, a queue of messages. */
import { showDuration } from '../duration.js';
import type { Message, OutboxRow } from '../message.js';
import type { Freeze, Millis } from '../model.js';
import { at, workers } from './words.js';

/** The watchdog's: no decision about a fleet for longer than it should be. */
export function evaluationsStopped(fleet: string, last: Millis | null, lateSeconds: number): Message {
  return {
    summary: `No decision about ${fleet} for ${showDuration(lateSeconds)}; its count is not being adjusted.`,
    title: `${fleet}: evaluations have stopped`,
    tone: 'bad',
    parts: [
      {
        kind: 'text',
        text:
          last === null
            ? `There was never a decision about ${fleet}.`
            : ['The last decision was at ', at(last, 'date-time'), `, ${showDuration(lateSeconds)} ago.`],
      },
      {
        kind: 'text',
        text: 'The workers that run go on running. Look at /readyz and the logs of the bot, and at Redis.',
      },
    ],
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

/** A limit keeps a fleet below its need. */
export function shortOfNeed(fleet: string, need: number, shortOf: number, limits: string[]): Message {
  return {
    summary: `${fleet} needs ${workers(need)} but gets ${need - shortOf}: ${limits.join('; ')}`,
    title: `${fleet} has fewer workers than it needs`,
    tone: 'warn',
    parts: [
      { kind: 'text', text: `${fleet} needs ${workers(need)} but gets ${need - shortOf}.` },
      { kind: 'list', items: limits },
      { kind: 'buttons', buttons: [{ label: 'Why?', command: `why ${fleet}` }] },
    ],
  };
}

/** The channel's own line when messages wait longer than they should. */
export function delayedLine(waiting: number, oldestSeconds: number): Message {
  const sentence = `${waiting} older ${waiting === 1 ? 'message' : 'messages'} of this channel waited up to ${showDuration(oldestSeconds)}: Slack did not take them.`;
  return { summary: sentence, tone: 'warn', parts: [{ kind: 'context', text: sentence }] };
}

export function noticeRow(
  key: string,
  fleet: string,
  channel: string,
  when: Millis,
  message: Message,
  priority: OutboxRow['priority'] = 'alert',
): OutboxRow {
  return { v: 1, channel, key, seq: 1, fleet, decisionId: null, priority, at: when, message };
}

/** Freezes that are open at `now`, the longest first. */
export function openFreezes(freezes: Freeze[], now: Millis): Freeze[] {
  return freezes
    .filter((freeze) => freeze.at <= now && freeze.until > now)
    .sort((a, b) => b.until - a.until || (a.id < b.id ? -1 : 1));
}
