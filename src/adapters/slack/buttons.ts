/**
 * What a button carries: the command it stands for, the version it was made for, its own id, and an HMAC over them and the
 * environment, so that a value cannot be altered, nor replayed into another environment.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Button } from '../../core/message.js';

export interface ButtonValue {
  command: string;
  version: number | null;
  id: string;
}

/** Slack's limit of a button's value. */
const LONGEST_VALUE = 2_000;

export interface ButtonSigner {
  /** The value of a message's n-th button; null when it would be too long, and the button is left out. */
  sign(button: Button, messageId: string, n: number): string | null;
  /** null: altered, foreign or no value of ours. */
  verify(value: string): ButtonValue | null;
}

export function createButtonSigner(signingSecret: string, environment: string): ButtonSigner {
  const key = createHmac('sha256', signingSecret).update(`muster-button:${environment}`).digest();
  const mac = ({ command, version, id }: ButtonValue): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([command, version, id]))
      .digest('base64url');
  return {
    sign(button, messageId, n) {
      const id = createHash('sha256').update(`${messageId}/${n}`).digest('base64url').slice(0, 16);
      const value = { command: button.command, version: button.version ?? null, id };
      const json = JSON.stringify({ ...value, mac: mac(value) }).replaceAll('<', '\\u003c');
      return json.length <= LONGEST_VALUE ? json : null;
    },
    verify(text) {
      const parsed = parse(text);
      if (parsed === null) return null;
      const { mac: given, ...value } = parsed;
      const expected = Buffer.from(mac(value));
      const got = Buffer.from(given);
      return expected.length === got.length && timingSafeEqual(expected, got) ? value : null;
    },
  };
}

function parse(text: string): (ButtonValue & { mac: string }) | null {
  if (text.length > LONGEST_VALUE) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return null;
    const { command, version, id, mac } = value as Record<string, unknown>;
    if (typeof command !== 'string' || typeof id !== 'string' || typeof mac !== 'string') return null;
    if (version !== null && typeof version !== 'number') return null;
    return { command, version, id, mac };
  } catch {
    return null;
  }
}
