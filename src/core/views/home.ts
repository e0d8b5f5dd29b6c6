/** The home tab: what one person wants to see and do without typing. Overrides and freezes first, as in `status`. */
import type { Button, Message, Part, Text } from '../message.js';
import type { Freeze, Millis, Person } from '../model.js';
import { freezeLine, overrideLine } from './intent.js';
import {
  blindLines,
  blindWords,
  type FleetNow,
  isBlind,
  isLate,
  latencyWords,
  workerWords,
} from './status.js';
import { at, rate, who } from './words.js';

export interface HomeNow {
  by: Person;
  role: string;
  now: Millis;
  fleets: FleetNow[];
  more: number;
  freezes: Freeze[];
  /** Sentences about peers that did not answer, and about messages that wait. */
  silent: string[];
  rollouts: { fleet: string; image: string; phase: string; paused: boolean }[];
  /** null: not known. Empty: nobody, or no rota is configured. */
  onCall: string[] | null;
  approvals: { id: string; action: string; by: Person; said: string; at: Millis; mayDecide: boolean }[];
  verbs: { name: string; usage: string; summary: string }[];
  command: string;
}

const MOST_FLEETS = 15;
const MOST_APPROVALS = 4;

export function homeMessage(home: HomeNow): Message {
  const late = home.fleets.filter(isLate);
  const blind = home.fleets.filter((fleet) => isBlind(fleet, home.now));
  return {
    summary: `${home.fleets.length + home.more} fleets; ${late.length + blind.length === 0 ? 'all on time' : `${late.length} over the latency objective`}.${blindWords(blind)}`,
    title: 'Muster',
    tone: late.length + blind.length > 0 || home.silent.length > 0 ? 'warn' : 'good',
    parts: [
      ...[...home.silent, ...blindLines(blind)].map((text): Part => ({ kind: 'text', text })),
      ...section('Overrides and freezes', intents(home), 'None: the forecast decides everywhere.'),
      { kind: 'buttons', buttons: actions(home) },
      { kind: 'divider' },
      ...section('Fleets', fleetLines(home), 'No fleet is configured.'),
      ...approvalParts(home),
      ...section('Rollouts', home.rollouts.map(rolloutLine), 'None is under way.'),
      { kind: 'text', text: [{ bold: 'On call' }, `: ${onCallWords(home.onCall)}`] },
      { kind: 'divider' },
      { kind: 'text', text: [{ bold: 'What you can do' }, ` as ${home.role}, in any channel:`] },
      { kind: 'list', items: home.verbs.map((verb) => verbLine(verb, home.command)) },
    ],
  };
}

const section = (name: string, items: Text[], none: string): Part[] => [
  { kind: 'text', text: [{ bold: name }, ...(items.length === 0 ? [`: ${none}`] : [])] },
  ...(items.length === 0 ? [] : [{ kind: 'list' as const, items }]),
];

function intents(home: HomeNow): Text[] {
  const overrides = home.fleets.flatMap(({ override }) =>
    override === null ? [] : [overrideLine(override)],
  );
  return [...home.freezes.map(freezeLine), ...overrides];
}

function actions(home: HomeNow): Button[] {
  const has = (name: string): boolean => home.verbs.some((verb) => verb.name === name);
  const all: Button[] = [
    { label: 'Override …', command: 'override' },
    { label: 'Freeze …', command: 'freeze' },
    { label: 'Why …', command: 'why' },
    { label: 'Forecast …', command: 'forecast' },
    { label: 'Status', command: 'status' },
  ];
  return all.filter(({ command }) => has(command));
}

function fleetLines(home: HomeNow): Text[] {
  const shown = home.fleets
    .slice(0, MOST_FLEETS)
    .map(
      (fleet): Text => [
        { bold: fleet.name },
        `: ${workerWords(fleet)} workers, demand ${rate(fleet.sample?.requestsPerSecond)}, p95 ${latencyWords(fleet)}; next run `,
        at(fleet.nextCycle),
        ...(fleet.policy.mode === 'advise' ? [' (advise mode)'] : []),
      ],
    );
  const rest = home.fleets.length + home.more - shown.length;
  return rest > 0 ? [...shown, `and ${rest} more: ${home.command} status <fleet>`] : shown;
}

function approvalParts(home: HomeNow): Part[] {
  const waiting = home.approvals.slice(0, MOST_APPROVALS);
  if (waiting.length === 0)
    return [{ kind: 'text', text: [{ bold: 'Approvals' }, ': nothing waits for you.'] }];
  return [
    { kind: 'text', text: [{ bold: 'Approvals' }] },
    ...waiting.flatMap((proposal): Part[] => [
      {
        kind: 'text',
        text: [
          { bold: proposal.action },
          ', asked for by ',
          who(proposal.by),
          ' at ',
          at(proposal.at),
          ': ',
          { code: proposal.said },
        ],
      },
      ...(proposal.mayDecide
        ? [
            {
              kind: 'buttons' as const,
              buttons: [
                { label: proposal.action, command: `confirm ${proposal.id}`, style: 'primary' as const },
                { label: 'Decline', command: `decline ${proposal.id}` },
              ],
            },
          ]
        : []),
    ]),
  ];
}

const rolloutLine = (rollout: HomeNow['rollouts'][number]): Text => [
  { bold: rollout.fleet },
  `: ${rollout.image}, ${rollout.phase}${rollout.paused ? ', paused' : ''}`,
];

function onCallWords(onCall: string[] | null): string {
  if (onCall === null) return 'PagerDuty did not say.';
  return onCall.length === 0 ? 'nobody is known to be.' : onCall.join(', ');
}

const verbLine = (verb: HomeNow['verbs'][number], command: string): Text => [
  { code: `${command} ${verb.name}` },
  ` ${verb.summary}`,
];
