/** How numbers are said, everywhere alike: units always, unknown never as zero. */
import { showDuration } from '../duration.js';
import type { Span, Text } from '../message.js';
import type { Millis, Person, ZoneSeen } from '../model.js';
import type { Policy } from '../policy.js';

export const UNKNOWN = 'unknown';

/** Costly to make, holds no state. */
const grouped = new Intl.NumberFormat('en-GB');

export const workers = (count: number): string => `${count} ${count === 1 ? 'worker' : 'workers'}`;

export const messages = (count: number | null | undefined): string =>
  `${number(count)} ${count === 1 ? 'message' : 'messages'}`;

/** Requests per second, as a person reads them. */
export function rate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined) return UNKNOWN;
  return `${perSecond >= 100 ? Math.round(perSecond) : Number(perSecond.toFixed(1))}/s`;
}

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  return value >= 60 ? showDuration(value) : `${Number(value.toFixed(value >= 10 ? 0 : 1))} s`;
}

export function number(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  return grouped.format(Number(value.toFixed(value >= 100 ? 0 : 1)));
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? UNKNOWN : `${Number((share * 100).toFixed(1))} %`;
}

/** 'USD 12.40/h'. */
export function money(perHour: number, policy: Policy): string {
  return `${policy.currency} ${perHour.toFixed(2)}/h`;
}

export const at = (when: Millis, style: 'time' | 'date-time' = 'time'): Span => ({ at: when, style });

export const who = (person: Person): Span => ({ person: person.id, name: person.name });

/** Nodes that these zones need: each zone's workers fill whole nodes. */
export function nodesOf(zones: { workers: number }[], policy: Policy): number {
  return zones.reduce((sum, zone) => sum + Math.ceil(zone.workers / policy.slotsPerNode), 0);
}

export function costPerHour(zones: { workers: number }[], policy: Policy): number {
  return nodesOf(zones, policy) * policy.nodePricePerHour;
}

/** A fleet's count over its zones: asked for, serving, on the way, leaving. */
export function counts(zones: ZoneSeen[]): {
  desired: number;
  ready: number;
  starting: number;
  draining: number;
} {
  const sum = (pick: (zone: ZoneSeen) => number): number =>
    zones.reduce((total, zone) => total + pick(zone), 0);
  return {
    desired: sum((zone) => zone.desired),
    ready: sum((zone) => zone.ready),
    starting: sum((zone) => zone.starting),
    draining: sum((zone) => zone.draining),
  };
}

/** Text as spans, to be put together with others. */
export function spans(text: Text): Span[] {
  return typeof text === 'string' ? [text] : text;
}

/** A person's own words, shown as a quotation. */
export const quoted = (words: string): string => `“${words}”`;

export const fieldsOf = (rows: [string, Text][]): { label: string; value: Text }[] =>
  rows.map(([label, value]) => ({ label, value }));
