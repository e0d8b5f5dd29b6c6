/** The numbers behind a decision, as tables: the thread and `why` show the same. */
import { degradedIn } from '../capacity.js';
import type { Part, Text } from '../message.js';
import { type DecisionRecord, target } from '../model.js';
import {
  at,
  messages,
  money,
  number,
  percent,
  rate,
  seconds,
  UNKNOWN,
  workers as workersOf,
} from './words.js';

export function numbersTable(record: DecisionRecord): Part {
  const { decision, policy } = record;
  const n = decision.numbers;
  const rows: [string, Text][] = [
    ['Demand now', rate(n.demand)],
    ['Backlog', n.backlog === null ? UNKNOWN : messages(n.backlog)],
    ['Oldest waits', seconds(n.oldestAgeSeconds)],
    ['p95 (objective)', `${seconds(n.p95Seconds)} (${seconds(policy.slo.p95Seconds)})`],
    ['Ready, starting', `${number(n.ready)}, ${number(n.starting)}`],
    ...notServing(record),
    ['Forecast covers', [at(n.horizonFrom), ' to ', at(n.horizonTo)]],
    ['Forecast peak', rate(n.forecast)],
    ['Margin', n.margin === null ? UNKNOWN : `× ${n.margin.toFixed(2)}`],
    ['Sized for', rate(n.sizedFor)],
    ['Need by forecast', number(n.needForecast)],
    ['Need by live demand', number(n.needLive)],
    ['Extra for backlog', number(n.drain)],
    ['Need before limits', number(n.need)],
    ['Decided', number(target(decision))],
    ['Nodes', `${n.nodesFrom} → ${n.nodesTo}`],
    ['Cost', `${money(n.costPerHourFrom, policy)} → ${money(n.costPerHourTo, policy)}`],
  ];
  return { kind: 'table', head: ['What', 'Value'], rows: rows.map(([what, value]) => [what, value]) };
}

function notServing({ seen }: DecisionRecord): [string, Text][] {
  const ill = degradedIn(seen.zones);
  return ill === 0 ? [] : [['Ready and not serving', number(ill)]];
}

/** 'europe-1a: 3 → 5 workers', one a zone; a zone that is down says so. */
export function placementLines(record: DecisionRecord): string[] {
  const { placement } = record.decision;
  if (placement.length === 0) return ['No placement: the zones could not be read.'];
  return placement.map(({ zone, workers }) => {
    const seen = record.seen.zones?.find((other) => other.zone === zone);
    const before = seen === undefined ? UNKNOWN : String(seen.desired);
    const state =
      seen?.up === false ? ' (zone down)' : seen?.blocked ? ` (waits: ${seen.blocked.detail})` : '';
    return `${zone}: ${before} → ${workersOf(workers)}${state}`;
  });
}

export function votersTable(record: DecisionRecord): Part[] {
  const { voters } = record.decision.numbers;
  if (voters.length === 0) return [];
  return [
    {
      kind: 'table',
      head: ['Forecaster', 'Forecast', 'Recent error', 'Weight'],
      rows: voters.map((voter) => [
        voter.name,
        rate(voter.forecast),
        percent(voter.error),
        percent(voter.weight),
      ]),
    },
  ];
}
