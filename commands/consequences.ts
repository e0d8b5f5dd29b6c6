/** What follows when a verb has changed intent: the team is told, and the fleets are evaluated without waiting. */
import type { FleetConfig } from '../src/config.js';
import type { Message, OutboxRow } from '../src/core/message.js';
import { OutsideError } from '../src/errors.js';
import type { CommandContext } from './command.js';

/** The answer itself is seen by the channel it was typed in; the fleet's own channel is told when that is another one. */
export function announceTo(
  fleet: Pick<FleetConfig, 'channel'>,
  context: CommandContext,
  rowFor: (channel: string) => OutboxRow,
): OutboxRow[] {
  return isHere(fleet.channel, context) ? [] : [rowFor(fleet.channel)];
}

export function isHere(channel: string, context: Pick<CommandContext, 'where' | 'whereName'>): boolean {
  const plain = (name: string): string => name.replace(/^#/, '');
  return (
    plain(channel) === plain(context.where) ||
    (context.whereName !== undefined && plain(channel) === plain(context.whereName))
  );
}

/**
 * Asks for an evaluation of each fleet. The intent is stored already, so a queue that does not answer costs time only:
 * the next cycle takes it up, and the message says so.
 */
export async function evaluateSoon(
  fleets: string[],
  context: CommandContext,
  message: Message,
): Promise<Message> {
  try {
    await Promise.all(fleets.map((fleet) => requestEvaluation(fleet, context)));
    return message;
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    const text = `It is stored, but the evaluation could not be asked for (${error.peer}: ${error.why}); the next cycle takes it up.`;
    return { ...message, tone: 'warn', parts: [...message.parts, { kind: 'text', text }] };
  }
}

export async function requestEvaluation(fleet: string, context: CommandContext): Promise<void> {
  const { by } = context;
  await context.queue.enqueue('evaluate', { fleet, trigger: 'request', by }, { dedupe: `evaluate-${fleet}` });
}
