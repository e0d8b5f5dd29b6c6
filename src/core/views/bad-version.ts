/** A version of somebody else's that failed half-way keeps a zone's count: the alert, until it is over. */
import type { Button, Message } from '../message.js';
import type { Millis } from '../model.js';
import { at } from './words.js';

export function badVersionMessage(
  fleet: string,
  { since, kept }: { since: Millis; kept: string[] },
  buttons: Button[],
): Message {
  if (kept.length === 0)
    return {
      summary: `${fleet}: no version that does not get healthy keeps a zone's count any more.`,
      title: `${fleet}: the count is free again`,
      tone: 'good',
      parts: [{ kind: 'text', text: ['A version that did not get healthy kept it since ', at(since), '.'] }],
    };
  return {
    summary: `${fleet}: ${kept.join('; ')}. The count stays as it is.`,
    title: `${fleet}: somebody’s deployment failed half-way`,
    tone: 'bad',
    parts: [
      { kind: 'list', items: kept },
      {
        kind: 'text',
        text: 'So the zone keeps its count, and the fleet is not cut. Roll it back, or deploy an image that works.',
      },
      { kind: 'context', text: ['Since ', at(since), '. This message is updated while it lasts.'] },
      { kind: 'buttons', buttons: [...buttons, { label: 'Status', command: `status ${fleet}` }] },
    ],
  };
}
