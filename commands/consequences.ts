/** What follows when a verb has changed intent: the team is told, and the fleets are evaluated without waiting. */
import type { Message, OutboxRow, PagerEvent } from '../src/core/message.js';
import { PAGER_CHANNEL } from '../src/core/outbox.js';
import { changeEvent, inEachService } from '../src/core/views/change.js';
import { OutsideError } from '../src/errors.js';
import type { CommandContext } from './command.js';

/** Those of the channels that do not see the answer itself, because it was typed somewhere else. */
export function elsewhere(
  channels: string[],
  context: Pick<CommandContext, 'where' | 'whereName'>,
): string[] {
  return [...new Set(channels)].filter((channel) => !isHere(channel, context));
}

function isHere(channel: string, context: Pick<CommandContext, 'where' | 'whereName'>): boolean {
  const plain = (name: string): string => name.replace(/^#/, '');
  return (
    plain(channel) === plain(context.where) ||
    (context.whereName !== undefined && plain(channel) === plain(context.whereName))
  );
}

/**
 * Wakes the senders of these rows and of the change event, and asks for an evaluation of each fleet. The intent is stored already, so a queue that
 * does not answer costs time only: the next cycle takes it up, and the message says so.
 */
export async function followUp(
  fleets: string[],
  rows: OutboxRow[],
  context: CommandContext,
  message: Message,
): Promise<Message> {
  const channels = new Set([...rows.map(({ channel }) => channel), PAGER_CHANNEL]);
  try {
    await Promise.all(fleets.map((fleet) => requestEvaluation(fleet, context)));
    await Promise.all([...channels].map((channel) => wake(channel, context)));
    return message;
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    const text = `It is stored, but the evaluation could not be asked for (${error.peer}: ${error.why}); the next cycle takes it up.`;
    return { ...message, tone: 'warn', parts: [...message.parts, { kind: 'text', text }] };
  }
}

/** Stored with the change itself. `fleet`: '*' is every fleet's. */
export const changesBy = (
  { by, said, now, fleets }: CommandContext,
  fleet: string,
  id: string,
  message: Message,
): PagerEvent[] => inEachService(changeEvent(fleet, id, message, { by: by.name, said }, now), fleets);

export async function requestEvaluation(fleet: string, context: CommandContext): Promise<void> {
  const { by } = context;
  await context.queue.enqueue(
    'evaluate',
    { v: 1, fleet, trigger: 'request', by },
    { dedupe: `evaluate-${fleet}` },
  );
}

/** Stored rows that nobody woke the sender for are sent within the minute, so a silent queue is no failure. */
export async function wakeSenders(channels: string[], context: CommandContext): Promise<void> {
  try {
    await Promise.all([...new Set(channels)].map((channel) => wake(channel, context)));
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
  }
}

async function wake(channel: string, context: CommandContext): Promise<void> {
  await context.queue.enqueue('announce', { v: 1, channel }, { dedupe: `announce-${channel}` });
}
