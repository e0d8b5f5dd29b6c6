/**
 * What a delivery hands out and a bot may use for a while: trigger ids (3 s, once) and response URLs (30 minutes, five
 * times). Both wait for a bot's or a person's hand, so they run on the machine clock.
 */
import { randomBytes } from 'node:crypto';
import { SlackError } from './shapes.js';

const triggerMs = 3000;
const responseMs = 30 * 60_000;
const responseUses = 5;

export interface ResponseTicket {
  secret: string;
  user: string;
  channel: string;
  /** The message that was clicked, which replace_original and delete_original mean. */
  original: string | null;
  /** The delivery this belongs to: its answers are collected under it. */
  delivery: string;
  uses: number;
  until: number;
}

export interface Trigger {
  user: string;
  delivery: string;
  until: number;
}

export function createTickets() {
  const responses = new Map<string, ResponseTicket>();
  const triggers = new Map<string, Trigger>();

  function sweep(): void {
    const now = Date.now();
    // The oldest come first: the first that lives ends the search.
    for (const [key, ticket] of responses) {
      if (ticket.until >= now) break;
      responses.delete(key);
    }
    // Used and expired triggers are told apart for a minute, then forgotten.
    for (const [key, trigger] of triggers) {
      if (trigger.until + 60_000 >= now) break;
      triggers.delete(key);
    }
  }

  return {
    response(user: string, channel: string, original: string | null, delivery: string): ResponseTicket {
      sweep();
      const secret = randomBytes(18).toString('base64url');
      const ticket = { secret, user, channel, original, delivery, uses: 0, until: Date.now() + responseMs };
      responses.set(secret, ticket);
      return ticket;
    },
    trigger(user: string, delivery: string): string {
      const id = `${Date.now()}.${randomBytes(6).readUIntBE(0, 6)}.${randomBytes(12).toString('hex')}`;
      triggers.set(id, { user, delivery, until: Date.now() + triggerMs });
      return id;
    },
    /** The ticket with one use less; null when it never was, is used up or has expired. */
    useResponse(secret: string): ResponseTicket | null {
      const ticket = responses.get(secret);
      if (ticket === undefined || ticket.until < Date.now() || ticket.uses >= responseUses) return null;
      ticket.uses += 1;
      return ticket;
    },
    /** Throws Slack's own codes: never known, used, or too late. */
    useTrigger(id: string): Trigger {
      const trigger = triggers.get(id);
      if (trigger === undefined) throw new SlackError('invalid_trigger_id');
      if (trigger.until < Date.now()) throw new SlackError('expired_trigger_id');
      triggers.delete(id);
      return trigger;
    },
  };
}

export type Tickets = ReturnType<typeof createTickets>;
