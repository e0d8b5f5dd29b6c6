/** What is said when something cannot be done: one friendly sentence, the right way to say it, an id for the logs. */
import type { Message, Part } from '../message.js';

/** The person's own slip. `usage` and `suggestion` are typed after the command's name. */
export function refusal(
  sentence: string,
  options: { command: string; usage?: string | undefined; suggestion?: string | undefined },
): Message {
  const parts: Part[] = [{ kind: 'text', text: sentence }];
  if (options.usage !== undefined) {
    parts.push({ kind: 'text', text: ['Usage: ', { code: `${options.command} ${options.usage}` }] });
  }
  parts.push({
    kind: 'context',
    text: ['Nothing was changed. All verbs: ', { code: `${options.command} help` }],
  });
  return { summary: sentence, tone: 'warn', parts };
}

/** `why` is a sentence. */
export function resting(why: string): Message {
  const text = `${why} This replica does nothing until that is over; another one may hear you if you say it again.`;
  return {
    summary: text,
    tone: 'warn',
    parts: [
      { kind: 'text', text },
      { kind: 'context', text: 'Nothing was changed.' },
    ],
  };
}

/** A peer's or Muster's own failure. `detail` is safe to show: it names the peer and holds no secret. */
export function failure(detail: string, errorId: string, changed: string | null = null): Message {
  return {
    summary: `Sorry, that did not work: ${detail}`,
    tone: 'bad',
    parts: [
      { kind: 'text', text: `Sorry, that did not work: ${detail}` },
      {
        kind: 'text',
        text: changed ?? 'Nothing was changed as far as Muster knows; it is safe to try again.',
      },
      { kind: 'context', text: ['Error id for the logs: ', { code: errorId }] },
    ],
  };
}
