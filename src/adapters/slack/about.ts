/** Which decision a message is about: its metadata say so. */
import type { WebClient } from '@slack/web-api';
import type { Log } from '../../ports.js';
import { outsideError } from './client.js';

export interface Marked {
  ts: string;
  thread_ts?: string;
  metadata?: { event_type?: string; event_payload?: object };
}

/** null: about none. */
export type About = (channel: string, message: Marked) => Promise<{ fleet: string; id: string } | null>;

/** A shortcut's payload need not carry the metadata; then the message is read again. */
export function createAbout(client: WebClient, eventType: string, log: Log): About {
  const decisionOf = ({ metadata }: Marked): { fleet: string; id: string } | null => {
    if (metadata?.event_type !== eventType) return null;
    const { fleet, decisionId } = (metadata.event_payload ?? {}) as { fleet?: unknown; decisionId?: unknown };
    return typeof fleet === 'string' && typeof decisionId === 'string' ? { fleet, id: decisionId } : null;
  };
  return async (channel, message) => {
    if (message.metadata !== undefined) return decisionOf(message);
    try {
      const { ts, thread_ts: thread } = message;
      const { messages = [] } = await client.conversations.replies({
        channel,
        ts: thread ?? ts,
        oldest: ts,
        latest: ts,
        inclusive: true,
        include_all_metadata: true,
      });
      const found = messages.find((each) => each.ts === ts);
      return found === undefined ? null : decisionOf(found as Marked);
    } catch (error) {
      log.warn({ peer: 'slack' }, outsideError(error, 'conversations.replies').message);
      return null;
    }
  };
}
