/** The daily digest: what the day cost, what was late, what was changed, and how wrong the forecast was. */
import type { DigestDay, FleetDay } from '../digest.js';
import type { Message, Part, Text } from '../message.js';
import type { Millis, Person } from '../model.js';
import { at, percent, rate, who } from './words.js';

export interface Digest {
  day: DigestDay;
  fleets: FleetDay[];
  /** What people changed, oldest first. */
  asked: { at: Millis; by: Person; said: string }[];
}

const MOST_ROWS = 30;
const MOST_LINES = 10;

export function digestMessage({ day, fleets, asked }: Digest): Message {
  const late = fleets.reduce((sum, fleet) => sum + fleet.late, 0);
  const changes = fleets.reduce((sum, fleet) => sum + fleet.raises + fleet.cuts, 0);
  const summary = `The last day cost ${costs(fleets)}; ${late} ${late === 1 ? 'minute was' : 'minutes were'} late, ${changes} ${changes === 1 ? 'change was' : 'changes were'} made.`;
  return {
    summary,
    title: 'The last day',
    tone: late > 0 ? 'warn' : 'info',
    parts: [
      {
        kind: 'text',
        text: [`${summary} It went from `, at(day.from, 'date-time'), ' to ', at(day.to, 'date-time'), '.'],
      },
      {
        kind: 'table',
        head: ['Fleet', 'Cost / at its peak all day', 'Late minutes', 'Raises, cuts'],
        rows: fleets
          .slice(0, MOST_ROWS)
          .map((fleet) => [
            fleet.fleet,
            `${fleet.cost.toFixed(2)} / ${fleet.staticPeak?.toFixed(2) ?? 'unknown'} ${fleet.currency}`,
            fleet.judged === 0 ? 'unknown' : `${fleet.late} of ${fleet.judged}`,
            `${fleet.raises}, ${fleet.cuts}`,
          ]),
      },
      ...listed('Forecast', fleets.map(forecastLine)),
      ...listed('What people asked for', asked.map(askedLine)),
      {
        kind: 'context',
        text: 'Cost: whole nodes of the workers that ran or started, in the minutes that were seen. At its peak all day: sized for the highest minute, without a forecast.',
      },
    ],
  };
}

/** Each currency by itself; fleets whose peak is not known do not count for the comparison. */
function costs(fleets: FleetDay[]): string {
  const currencies = [...new Set(fleets.map(({ currency }) => currency))];
  return currencies
    .map((currency) => {
      const theirs = fleets.filter((fleet) => fleet.currency === currency);
      const cost = theirs.reduce((sum, fleet) => sum + fleet.cost, 0);
      const known = theirs.filter(({ staticPeak }) => staticPeak !== null);
      const peak = known.reduce((sum, { staticPeak }) => sum + staticPeak!, 0);
      const less = peak === 0 ? null : 1 - known.reduce((sum, fleet) => sum + fleet.cost, 0) / peak;
      if (less === null) return `${currency} ${cost.toFixed(2)}`;
      return `${currency} ${cost.toFixed(2)}, ${percent(Math.abs(less))} ${less >= 0 ? 'less' : 'more'} than at the peak all day`;
    })
    .join(' and ');
}

function listed(name: string, items: Text[]): Part[] {
  if (items.length === 0) return [];
  const more = items.length - MOST_LINES;
  const shown = more > 0 ? [...items.slice(0, MOST_LINES), `and ${more} more`] : items;
  return [
    { kind: 'text', text: [{ bold: name }] },
    { kind: 'list', items: shown },
  ];
}

function forecastLine({ fleet, forecast }: FleetDay): Text {
  if (forecast === null) return [{ bold: fleet }, ': nothing to compare.'];
  const { cycles, error, over, worst } = forecast;
  return [
    { bold: fleet },
    `: missed the peak by ${percent(error)} on average over ${cycles} cycles; ${over} saw more than they were sized for. Worst at `,
    at(worst.at),
    `: ${rate(worst.foreseen)} foreseen, ${rate(worst.came)} came.`,
  ];
}

const askedLine = ({ at: when, by, said }: Digest['asked'][number]): Text => [
  at(when, 'date-time'),
  ' ',
  who(by),
  ': ',
  { code: said.length <= 120 ? said : `${said.slice(0, 119)}…` },
];
