/** Which click counts: a person's second click in haste does not, nor anybody's second on what changes something. */
import type { Log } from '../../ports.js';
import type { ButtonValue } from './buttons.js';

/** A hasty second click of the same person, and anybody's second click on what changes something. */
const DOUBLE_CLICK_MS = 3_000;
const CLAIMED_MS = 60_000;
const NO_MEMORY = 'Muster cannot reach its memory just now, so nothing was done. Try again in a moment.';

export interface Claims {
  /** null: this click may act. Otherwise a sentence about who was faster. Without its memory Muster changes nothing. */
  claim(value: ButtonValue, userId: string): Promise<string | null>;
  /** The same of a submitted form. */
  claimForm(viewId: string): Promise<string | null>;
  /** Who clicked, to name them to the second one; other replicas' clicks stay unnamed. */
  remember(id: string, name: string): void;
}

export function createClaims(options: {
  changes(text: string): boolean;
  once(id: string, ttlMs: number): Promise<boolean>;
  log: Log;
}): Claims {
  const { changes, once, log } = options;
  const clickers = new Map<string, string>();

  async function claimOnce(value: ButtonValue, userId: string): Promise<string | null> {
    if (!(await once(`click-${value.id}-${userId}`, DOUBLE_CLICK_MS))) {
      return 'Your first click is being dealt with; nothing is done twice.';
    }
    if (!changes(value.command) || (await once(`click-${value.id}`, CLAIMED_MS))) return null;
    const who = clickers.get(value.id) ?? 'Somebody';
    return `${who} clicked this a moment ago; nothing is done twice.`;
  }

  return {
    async claim(value, userId) {
      try {
        return await claimOnce(value, userId);
      } catch (error) {
        log.warn({ peer: 'slack', error: String(error) }, 'could not tell whether a click is the first');
        return changes(value.command) ? NO_MEMORY : null;
      }
    },
    async claimForm(viewId) {
      try {
        const isFirst = await once(`submit-${viewId}`, CLAIMED_MS);
        return isFirst ? null : 'This form is being dealt with already; nothing is done twice.';
      } catch (error) {
        log.warn({ peer: 'slack', error: String(error) }, 'could not tell whether a form is the first');
        return NO_MEMORY;
      }
    },
    remember(id, name) {
      if (clickers.size >= 1_000) clickers.clear();
      clickers.set(id, name);
    },
  };
}
