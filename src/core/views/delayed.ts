/** What could not be posted in time, told in one message: how much it was, and where each fleet stood at the end of it. */
import { showTime } from '../local-time.js';
import type { Message, OutboxRow, Text } from '../message.js';
import type { Millis } from '../model.js';
import { at } from './words.js';

const MOST_FLEETS = 15;
const LONGEST = 200;

/** `rows`: at least one. */
export function delayedMessage(rows: OutboxRow[], now: Millis): Message {
  const times = rows.map((row) => row.at);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const byFleet = new Map<string, OutboxRow[]>();
  for (const row of rows) byFleet.set(row.fleet, [...(byFleet.get(row.fleet) ?? []), row]);
  const fleets = [...byFleet].sort((a, b) => b[1].length - a[1].length);
  const told = `${rows.length} messages`;
  const more = fleets.length - MOST_FLEETS;
  return {
    summary: `${told} from ${showTime(from)} to ${showTime(to)} could not be posted in time; here they are together.`,
    title: `${told} were delayed`,
    tone: 'warn',
    parts: [
      {
        kind: 'text',
        text: [
          `${told} from `,
          at(from),
          ' to ',
          at(to),
          ' could not be posted in time. Deciding and scaling went on.',
        ],
      },
      {
        kind: 'list',
        items: [
          ...fleets.slice(0, MOST_FLEETS).map(([fleet, theirs]) => fleetLine(fleet, theirs)),
          ...(more > 0 ? [`and ${more} more fleets`] : []),
        ],
      },
      {
        kind: 'context',
        text: [
          'Alerts are posted one by one. Each decision is in ',
          { code: 'history' },
          ', its reasons in ',
          { code: 'why' },
          '; told at ',
          at(now),
          '.',
        ],
      },
    ],
  };
}

function fleetLine(fleet: string, rows: OutboxRow[]): Text {
  const last = rows.reduce((newest, row) => (row.at >= newest.at ? row : newest));
  const { summary } = last.message;
  const words = summary.length <= LONGEST ? summary : `${summary.slice(0, LONGEST - 1)}…`;
  const name = fleet === '*' ? 'All fleets' : fleet;
  return [{ bold: name }, `: ${rows.length}, the last at `, at(last.at), `: ${words}`];
}
