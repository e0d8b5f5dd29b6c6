/** The chart of a fleet: its numbers, the sentences for who cannot see it, and a small table that says the same. */
import type { ChartSpec, FleetChart, Foreseen, Point } from '../chart.js';
import { forecastCurve } from '../forecast/forecast.js';
import { showTime, showWhen } from '../local-time.js';
import type { Memory } from '../memory.js';
import type { Part, Text } from '../message.js';
import type { DecisionSummary, Millis, Sample } from '../model.js';
import type { Policy } from '../policy.js';
import { number, rate, UNKNOWN, workers } from './words.js';

/** More points than this say nothing more on a telephone. */
const MOST_POINTS = 360;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Rows of the table before the moment of the forecast, and after it. */
const ROWS_BEFORE = 6;
const ROWS_AFTER = 3;
/** Two minutes over the objective that are no further apart are one stretch. */
const NEAR_MS = 3 * MINUTE;

export interface ChartInput {
  fleet: string;
  /** When the forecast was made: now, or the time of a decision. */
  moment: FleetChart['moment'];
  hours: number;
  /** Oldest first; those outside the chart are left out. */
  samples: Sample[];
  /** Newest first, as the store gives them. */
  decisions: DecisionSummary[];
  memory: Memory;
  policy: Policy;
}

export function fleetChart(input: ChartInput): FleetChart {
  const { fleet, moment, memory, policy } = input;
  const from = beginning(input);
  const forecast = forecastCurve(memory, moment.at, policy);
  const to = forecast.at(-1)?.at ?? moment.at + policy.cycleSeconds * 1_000;
  const samples = input.samples.filter((sample) => sample.at > from && sample.at <= to);
  const decisions = input.decisions.filter(({ at }) => at <= to).toReversed();
  const shown = decisions.filter(({ at }) => at >= from);
  return {
    fleet,
    from,
    to,
    moment,
    demand: thinned(samples, 'requestsPerSecond', from, to),
    foreseen: foreseen(decisions, policy, from, moment.at),
    forecast,
    ready: thinned(samples, 'ready', from, to),
    desired: desiredSteps(decisions, from),
    changes: shown.flatMap(({ at, kind, from: before, to: after }) =>
      kind === 'scale' && before !== after ? [{ at, from: before, to: after }] : [],
    ),
    advised: policy.mode === 'advise',
    objective: { p95Seconds: policy.slo.p95Seconds, missed: missedStretches(samples, policy.slo.p95Seconds) },
  };
}

/** The picture and, below it, its text twin. */
export function chartParts(chart: FleetChart, timeZone: string): Part[] {
  const png: ChartSpec = { chart: 'fleet', timeZone, data: chart };
  return [
    { kind: 'image', title: `Demand and workers of ${chart.fleet}`, alt: altText(chart, timeZone), png },
    textTwin(chart, timeZone),
  ];
}

/** Two or three full sentences with the numbers that the picture is looked at for. */
export function altText(chart: FleetChart, timeZone: string): string {
  const { moment, fleet } = chart;
  const time = (when: Millis): string => showWhen(when, moment.at, timeZone);
  const known = valuesOf(chart.demand);
  const last = known.at(-1);
  const demand =
    last === undefined
      ? `There is no demand on record for ${fleet}`
      : `Demand of ${fleet} lay between ${rate(Math.min(...known))} and ${rate(Math.max(...known))} since ${time(chart.from)} and was ${rate(last)} at last`;
  const peak = highest(chart.forecast);
  const next =
    peak === null
      ? 'nothing is foreseen yet'
      : `from ${time(moment.at)} to ${time(chart.to)} a peak of ${rate(peak.mean)} is expected, with room for errors up to ${rate(peak.high)}`;
  return `${demand}; ${next}. ${workerSentence(chart, time)}${missedSentence(chart)}`;
}

/** A table that says what the picture shows, at a few moments; times are words, because some tables come as plain text. */
export function textTwin(chart: FleetChart, timeZone: string): Part {
  const { moment, from, to } = chart;
  const zone = zoneOf(timeZone, moment.at);
  const style = to - from > 18 * HOUR ? 'date-time' : 'time';
  const back = (moment.at - from) / ROWS_BEFORE;
  const ahead = (to - moment.at) / ROWS_AFTER;
  const before = Array.from({ length: ROWS_BEFORE }, (_, n) => onMinute(from + (n + 1) * back));
  const after = Array.from({ length: ROWS_AFTER }, (_, n) => onMinute(moment.at + (n + 1) * ahead));
  return {
    kind: 'table',
    head: [`Time (${zone})`, 'Demand', 'Forecast (sized for)', 'Workers (asked for)'],
    rows: [...before, ...after].map((when): Text[] => [
      showTime(when, timeZone, style).slice(0, -zone.length - 1),
      demandWords(chart, when),
      forecastWords(chart, when),
      workerWords(chart, when),
    ]),
  };
}

/** Last known value at or before a moment, not older than `within`. */
export function valueAt(points: Point[], when: Millis, within: Millis): number | null {
  const point = points.findLast((one) => one.at <= when && one.value !== null);
  return point === undefined || when - point.at > within ? null : point.value;
}

/** What was foreseen for a moment: by the cycle that covered it, or by the newest forecast. */
export function foreseenAt(chart: FleetChart, when: Millis): { mean: number; high: number } | null {
  if (when < chart.moment.at) {
    return chart.foreseen.findLast((one) => one.from <= when && when < one.to) ?? null;
  }
  const next = chart.forecast.findIndex((one) => one.at >= when - MINUTE);
  return chart.forecast[next] ?? null;
}

/** A young fleet's chart begins with its first sample: an empty half says nothing. An hour is shown at least. */
function beginning({ moment, hours, samples }: ChartInput): Millis {
  const wanted = moment.at - hours * HOUR;
  const first = samples.find((sample) => sample.at > wanted)?.at ?? wanted;
  return Math.max(wanted, Math.min(first - MINUTE, moment.at - HOUR));
}

/** As showTime calls it. */
const zoneOf = (timeZone: string, when: Millis): string => showTime(when, timeZone).slice('00:00 '.length);

const onMinute = (when: Millis): Millis => Math.round(when / MINUTE) * MINUTE;

const valuesOf = (points: Point[]): number[] =>
  points.flatMap(({ value }) => (value === null ? [] : [value]));

function highest(curve: FleetChart['forecast']): { mean: number; high: number } | null {
  if (curve.length === 0) return null;
  return {
    mean: Math.max(...curve.map((one) => one.mean)),
    high: Math.max(...curve.map((one) => one.high)),
  };
}

/** Twice the distance of two points, so that one gap is bridged and an outage is not. */
const bridged = (chart: FleetChart): Millis => 2 * stretchOf(chart.from, chart.to);

function demandWords(chart: FleetChart, when: Millis): string {
  const value = valueAt(chart.demand, when, bridged(chart));
  return value === null && when > chart.moment.at ? '–' : rate(value);
}

function forecastWords(chart: FleetChart, when: Millis): string {
  const foreseen = foreseenAt(chart, when);
  return foreseen === null ? '–' : `${rate(foreseen.mean)} (${rate(foreseen.high)})`;
}

function workerWords(chart: FleetChart, when: Millis): string {
  const ready = valueAt(chart.ready, when, bridged(chart));
  if (ready === null && when > chart.moment.at) return '–';
  const asked = valueAt(chart.desired, when, Infinity);
  return `${number(ready)} (${asked === null ? UNKNOWN : asked})`;
}

function workerSentence(chart: FleetChart, time: (when: Millis) => string): string {
  const ready = valuesOf(chart.ready).at(-1);
  const asked = chart.desired.at(-1)?.value;
  const counts =
    ready === undefined
      ? 'How many workers are ready is unknown'
      : `${workers(ready)} ${ready === 1 ? 'was' : 'were'} ready at last`;
  const wanted = asked === undefined ? '' : `, ${asked} ${chart.advised ? 'advised' : 'asked for'}`;
  const last = chart.changes.at(-1);
  const changes =
    last === undefined
      ? 'no change in this time'
      : `${chart.changes.length} ${chart.changes.length === 1 ? 'change' : 'changes'}, the last from ${last.from} to ${last.to} at ${time(last.at)}`;
  return `${counts}${wanted}; ${changes}.`;
}

function missedSentence(chart: FleetChart): string {
  const { missed, p95Seconds } = chart.objective;
  if (missed.length === 0) return '';
  const minutes = Math.round(missed.reduce((sum, { from, to }) => sum + to - from, 0) / MINUTE);
  return ` The p95 was over its objective of ${p95Seconds} s for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
}

const stretchOf = (from: Millis, to: Millis): Millis =>
  Math.max(1, Math.ceil((to - from) / MINUTE / MOST_POINTS)) * MINUTE;

/** Means of equal stretches; a stretch without any known value is a gap. */
function thinned(samples: Sample[], what: 'requestsPerSecond' | 'ready', from: Millis, to: Millis): Point[] {
  const stretch = stretchOf(from, to);
  const sums = new Map<number, { sum: number; known: number }>();
  for (const sample of samples) {
    const place = Math.ceil(sample.at / stretch);
    const cell = sums.get(place) ?? { sum: 0, known: 0 };
    const value = sample[what];
    if (value !== null) {
      cell.sum += value;
      cell.known += 1;
    }
    sums.set(place, cell);
  }
  const places = [...sums.keys()].sort((a, b) => a - b);
  const first = places[0];
  const last = places.at(-1);
  const newest = samples.at(-1)?.at;
  if (first === undefined || last === undefined || newest === undefined) return [];
  return Array.from({ length: last - first + 1 }, (_, n): Point => {
    const cell = sums.get(first + n);
    return {
      at: Math.min((first + n) * stretch, newest),
      value: cell === undefined || cell.known === 0 ? null : cell.sum / cell.known,
    };
  });
}

/** A decision's reasons carry what it foresaw for [at + startup, at + startup + cycle]. */
function foreseen(decisions: DecisionSummary[], policy: Policy, from: Millis, until: Millis): Foreseen[] {
  const result: Foreseen[] = [];
  for (const decision of decisions) {
    const reason = decision.reasons.find((one) => one.code === 'forecast-need');
    if (reason === undefined || decision.at >= until) continue;
    const start = decision.at + policy.startupSeconds * 1_000;
    const before = result.at(-1);
    if (before !== undefined && before.to > start) before.to = start;
    result.push({
      from: start,
      to: start + policy.cycleSeconds * 1_000,
      mean: reason.forecast,
      high: reason.sizedFor,
    });
  }
  return result
    .map((one) => ({ ...one, from: Math.max(one.from, from), to: Math.min(one.to, until) }))
    .filter((one) => one.to > one.from);
}

function desiredSteps(decisions: DecisionSummary[], from: Millis): FleetChart['desired'] {
  const steps: FleetChart['desired'] = [];
  const earlier = decisions.findLast((one) => one.at < from);
  if (earlier !== undefined) steps.push({ at: from, value: earlier.to });
  for (const { at, from: before, to } of decisions.filter((one) => one.at >= from)) {
    if (steps.length === 0) steps.push({ at, value: before });
    if (steps.at(-1)?.value !== to) steps.push({ at, value: to });
  }
  return steps;
}

function missedStretches(samples: Sample[], objectiveSeconds: number): { from: Millis; to: Millis }[] {
  const stretches: { from: Millis; to: Millis }[] = [];
  for (const { at, p95Seconds } of samples) {
    if (p95Seconds === null || p95Seconds <= objectiveSeconds) continue;
    const last = stretches.at(-1);
    if (last !== undefined && at - last.to <= NEAR_MS) last.to = at;
    else stretches.push({ from: at - MINUTE, to: at });
  }
  return stretches;
}
