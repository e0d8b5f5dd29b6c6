/** `status`: overrides and freezes first, then the fleets. Four columns at most, so that it reads on a phone. */
import { badWords, foreignLines } from '../foreign.js';
import type { FleetHealth } from '../health/state.js';
import type { Message, Part, Text } from '../message.js';
import type { DecisionSummary, DesiredState, Freeze, Millis, Override, Sample, ZoneSeen } from '../model.js';
import type { Policy } from '../policy.js';
import { healthWords } from './health.js';
import { freezeLine, overrideLine } from './intent.js';
import {
  at,
  costPerHour,
  counts,
  fieldsOf,
  messages,
  money,
  nodesOf,
  rate,
  seconds,
  UNKNOWN,
} from './words.js';

/** One fleet as `status` found it. `zones` null: the orchestrator did not answer. */
export interface FleetNow {
  name: string;
  policy: Policy;
  zones: ZoneSeen[] | null;
  /** What workers say of themselves; absent: they are not asked. null: nobody could be asked lately. */
  health?: FleetHealth | null;
  sample: Sample | null;
  /** From this age on the sample is not acted on. */
  staleMs: number;
  desired: DesiredState | null;
  override: Override | null;
  latest: DecisionSummary | null;
  nextCycle: Millis;
}

export interface StatusNow {
  now: Millis;
  fleets: FleetNow[];
  /** Those open now, global ones once. */
  freezes: Freeze[];
  /** Sentences about peers that did not answer. */
  silent: string[];
  /** Fleets that exist but are not in `fleets`. */
  more: number;
  command: string;
}

export function statusMessage(status: StatusNow): Message {
  const { fleets, silent } = status;
  const late = fleets.filter(isLate);
  const blind = fleets.filter((fleet) => isBlind(fleet, status.now));
  const foreign = fleets.flatMap(({ name, zones }) =>
    foreignLines(zones ?? []).map((line) => `${name}, ${line}.`),
  );
  const [only] = fleets;
  return {
    summary: [`${summaryOf(status, late)}${blindWords(blind)}`, ...foreign].join(' '),
    title: fleets.length === 1 && only !== undefined ? `Status of ${only.name}` : 'Status',
    tone: silent.length + late.length + blind.length + foreign.length > 0 ? 'warn' : 'good',
    parts: [
      ...intentParts(status),
      ...[...silent, ...blindLines(blind), ...foreign].map((text): Part => ({ kind: 'text', text })),
      ...(fleets.length === 1 && only !== undefined ? oneFleet(only, status.now) : manyFleets(status)),
    ],
  };
}

function summaryOf(status: StatusNow, late: FleetNow[]): string {
  const { fleets } = status;
  const lateWords = late.length === 0 ? '' : ` Over the latency objective: ${namesOf(late)}.`;
  const said = fleets.slice(0, 3).map((fleet) => `${fleet.name} ${workerWords(fleet)}`);
  const rest = fleets.length + status.more - said.length;
  return `${said.join('; ')}${rest > 0 ? ` and ${rest} more` : ''}.${lateWords}`;
}

function intentParts(status: StatusNow): Part[] {
  const lines: Text[] = [
    ...status.freezes.map(freezeLine),
    ...status.fleets.flatMap((fleet) => (fleet.override === null ? [] : [overrideLine(fleet.override)])),
  ];
  if (lines.length === 0) return [];
  return [{ kind: 'list', items: lines }, { kind: 'divider' }];
}

function manyFleets(status: StatusNow): Part[] {
  const { fleets, more } = status;
  const parts: Part[] = [
    {
      kind: 'table',
      head: ['Fleet', 'Workers ready/desired', 'Demand', 'p95 / objective'],
      rows: fleets.map((fleet) => [
        fleet.name,
        workerWords(fleet),
        rate(demandOf(fleet)),
        latencyWords(fleet),
      ]),
    },
    { kind: 'list', items: fleets.slice(0, 10).map((fleet) => cycleLine(fleet)) },
  ];
  const known = fleets.filter((fleet) => costOf(fleet) !== null);
  const byCurrency = new Map<string, number>();
  for (const fleet of known) {
    const { currency } = fleet.policy;
    byCurrency.set(currency, (byCurrency.get(currency) ?? 0) + (costOf(fleet) ?? 0));
  }
  const cost = [...byCurrency].map(([currency, sum]) => `${currency} ${sum.toFixed(2)}/h`).join(' + ');
  const rest = more > 0 ? ` ${more} more fleets: name one, as in ${status.command} status <fleet>.` : '';
  parts.push({ kind: 'context', text: `Cost now: ${cost === '' ? UNKNOWN : cost}.${rest}` });
  return parts;
}

function cycleLine(fleet: FleetNow): Text {
  const ran: Text = fleet.latest === null ? ['not decided yet'] : ['decided at ', at(fleet.latest.at)];
  return [{ bold: fleet.name }, ': ', ...ran, ', next cycle ', at(fleet.nextCycle), ...adviseWords(fleet)];
}

function oneFleet(fleet: FleetNow, now: Millis): Part[] {
  const { policy, sample, zones, latest } = fleet;
  const cost = costOf(fleet);
  const parts: Part[] = [
    {
      kind: 'fields',
      fields: fieldsOf([
        ['Workers ready/desired', workerWords(fleet)],
        ['Demand', rate(demandOf(fleet))],
        ['p95 / objective', latencyWords(fleet)],
        ['Backlog', backlogWords(sample)],
        [
          'Cost',
          cost === null ? UNKNOWN : `${money(cost, policy)}, ${nodesOf(places(fleet) ?? [], policy)} nodes`,
        ],
        ...(fleet.health === undefined
          ? []
          : ([['Health', healthWords(fleet.health)]] as [string, string][])),
        ['Floor to ceiling', `${policy.floor} to ${policy.ceiling}`],
        ['Last decision', latest === null ? 'none yet' : [`${latest.kind} at `, at(latest.at)]],
        ['Next cycle', [at(fleet.nextCycle), ...adviseWords(fleet)]],
      ]),
    },
  ];
  if (zones !== null) {
    parts.push({
      kind: 'table',
      head: ['Zone', 'Ready/desired', 'Starting', 'State'],
      rows: zones.map((zone) => [
        zone.zone,
        `${zone.ready}/${zone.desired}`,
        String(zone.starting),
        zoneState(zone),
      ]),
    });
  }
  parts.push({ kind: 'context', text: sampleLine(fleet, now) });
  parts.push({
    kind: 'buttons',
    buttons: [
      { label: 'Why?', command: `why ${fleet.name}` },
      { label: 'History', command: `history ${fleet.name}` },
    ],
  });
  return parts;
}

function zoneState({ up, blocked, bad }: ZoneSeen): string {
  if (!up) return 'down';
  const state = blocked === null ? 'up' : `waits: ${blocked.detail}`;
  return bad === undefined || blocked?.kind === 'bad-version' ? state : `${state}; ${badWords(bad)}`;
}

function sampleLine({ sample, staleMs }: FleetNow, now: Millis): Text {
  if (sample === null) return 'No sample has been read yet.';
  const stale = isStale(sample, staleMs, now);
  return ['Numbers of ', at(sample.at), ...(stale ? [': too old to act on, so the count is held'] : []), '.'];
}

const isStale = (sample: Sample, staleMs: number, now: Millis): boolean => now - sample.at > staleMs;

/** Nobody knows how this fleet is: its demand is unknown, or was read too long ago. */
export const isBlind = ({ sample, staleMs }: FleetNow, now: Millis): boolean =>
  sample === null || sample.requestsPerSecond === null || isStale(sample, staleMs, now);

const namesOf = (fleets: FleetNow[]): string => {
  const shown = fleets.slice(0, 5).map(({ name }) => name);
  return `${shown.join(', ')}${fleets.length > shown.length ? ` and ${fleets.length - shown.length} more` : ''}`;
};

export const blindWords = (blind: FleetNow[]): string =>
  blind.length === 0 ? '' : ` No fresh numbers of ${namesOf(blind)}.`;

export const blindLines = (blind: FleetNow[]): string[] =>
  blind.length === 0
    ? []
    : [`⚠ No fresh numbers of ${namesOf(blind)}: what is shown may be old, and nothing is cut.`];

export function workerWords(fleet: FleetNow): string {
  const { zones, sample, desired } = fleet;
  if (zones !== null) {
    const { ready, desired: asked, starting } = counts(zones);
    const ill = fleet.health?.degraded.reduce((sum, zone) => sum + zone.workers, 0) ?? 0;
    const illWords = ill > 0 ? `, ${ill} of them not serving` : '';
    return `${ready}/${asked}${illWords}${starting > 0 ? `, ${starting} starting` : ''}`;
  }
  const asked = desired === null ? '?' : desired.placement.reduce((sum, zone) => sum + zone.workers, 0);
  return `${sample?.ready ?? '?'}/${asked} (last known)`;
}

export function latencyWords(fleet: FleetNow): string {
  const { sample, policy } = fleet;
  const late = isLate(fleet) ? ' ⚠ over' : '';
  return `${seconds(sample?.p95Seconds)} / ${seconds(policy.slo.p95Seconds)}${late}`;
}

function backlogWords(sample: Sample | null): string {
  if (sample === null || sample.backlog === null) return UNKNOWN;
  return `${messages(sample.backlog)}, oldest ${seconds(sample.oldestAgeSeconds)}`;
}

const adviseWords = (fleet: FleetNow): string[] =>
  fleet.policy.mode === 'advise' ? [' (advise mode: nothing is changed)'] : [];

const demandOf = (fleet: FleetNow): number | null => fleet.sample?.requestsPerSecond ?? null;

export function isLate(fleet: FleetNow): boolean {
  const p95 = fleet.sample?.p95Seconds ?? null;
  return p95 !== null && p95 > fleet.policy.slo.p95Seconds;
}

function places(fleet: FleetNow): { workers: number }[] | null {
  if (fleet.zones !== null) return fleet.zones.map((zone) => ({ workers: zone.desired + zone.draining }));
  return fleet.desired?.placement ?? null;
}

function costOf(fleet: FleetNow): number | null {
  const zones = places(fleet);
  return zones === null ? null : costPerHour(zones, fleet.policy);
}
