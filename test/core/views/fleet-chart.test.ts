import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetChart } from '../../../src/core/chart.js';
import { forecastCurve } from '../../../src/core/forecast/forecast.js';
import type { DecisionSummary } from '../../../src/core/model.js';
import {
  altText,
  type ChartInput,
  chartParts,
  fleetChart,
  foreseenAt,
  textTwin,
  valueAt,
} from '../../../src/core/views/fleet-chart.js';
import { aMemory, aPolicy, aSample, NOON } from '../../support/fleet.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const decided = (minutesAgo: number, values: Partial<DecisionSummary> = {}): DecisionSummary => ({
  id: `d-${minutesAgo}`,
  fleet: 'ocr',
  cycle: NOON - minutesAgo * MINUTE,
  at: NOON - minutesAgo * MINUTE,
  kind: 'hold',
  trigger: 'cycle',
  from: 4,
  to: 4,
  reasons: [{ code: 'forecast-need', forecast: 6, sizedFor: 7.5, need: 5 }],
  status: 'held',
  shortOf: 0,
  ...values,
});

/** Two hours of samples, a raise an hour ago. */
function aChart(values: Partial<ChartInput> = {}): FleetChart {
  return fleetChart({
    fleet: 'ocr',
    moment: { at: NOON, label: 'now' },
    hours: 6,
    samples: Array.from({ length: 121 }, (_, n) =>
      aSample(NOON - (120 - n) * MINUTE, { requestsPerSecond: 4 + n / 60 }),
    ),
    decisions: [
      decided(20, { from: 5, to: 5 }),
      decided(40, { from: 5, to: 5 }),
      decided(60, { kind: 'scale', from: 4, to: 5 }),
      decided(100),
    ],
    memory: aMemory(),
    policy: aPolicy(),
    ...values,
  });
}

const rowsOf = (chart: FleetChart, zone = 'UTC'): string[][] => {
  const twin = textTwin(chart, zone);
  ok(twin.kind === 'table');
  return twin.rows as string[][];
};

test('the chart shows what was measured, what was foreseen and what was asked for', () => {
  const chart = aChart();
  equal(chart.demand.at(-1)?.value, 6);
  equal(chart.demand.length, 121);
  deepEqual(chart.changes, [{ at: NOON - HOUR, from: 4, to: 5 }]);
  deepEqual(chart.desired, [
    { at: NOON - 100 * MINUTE, value: 4 },
    { at: NOON - HOUR, value: 5 },
  ]);
  deepEqual(chart.forecast, forecastCurve(aMemory(), NOON, aPolicy()));
  equal(chart.to, chart.forecast.at(-1)?.at);
});

test('what a cycle foresaw is shown for its own horizon, and the next cycle cuts it short', () => {
  const { foreseen } = aChart();
  const startup = 180_000;
  deepEqual(foreseen.at(-1), { from: NOON - 20 * MINUTE + startup, to: NOON, mean: 6, high: 7.5 });
  deepEqual(
    aChart({ decisions: [decided(50), decided(60)] }).foreseen.map(({ from, to }) => (to - from) / MINUTE),
    [10, 20],
  );
});

test('a young fleet begins its chart with its first sample, an old one where it was asked to', () => {
  equal(aChart().from, NOON - 121 * MINUTE);
  equal(aChart({ hours: 1 }).from, NOON - HOUR);
  equal(aChart({ samples: [aSample(NOON)] }).from, NOON - HOUR);
});

test('a gap stays a gap, and many samples become few points that keep the mean', () => {
  const samples = Array.from({ length: 48 * 60 }, (_, n) =>
    aSample(NOON - (48 * 60 - 1 - n) * MINUTE, {
      requestsPerSecond: n < 60 ? null : 10,
    }),
  );
  const chart = aChart({ samples, hours: 48 });
  ok(chart.demand.length <= 361, String(chart.demand.length));
  equal(chart.demand[1]?.value, null);
  equal(chart.demand.at(-1)?.value, 10);
  equal(valueAt(chart.demand, NOON - 47.5 * HOUR, 15 * MINUTE), null);
});

test('the text twin says the numbers of the chart', () => {
  const chart = aChart();
  const rows = rowsOf(chart);
  const now = rows[5]!;
  deepEqual(now.slice(0, 2), ['12:30', '6/s']);
  equal(now[3], '4 (5)');
  const last = chart.forecast.at(-1)!;
  equal(rows.at(-1)?.[2], `${Number(last.mean.toFixed(1))}/s (${Number(last.high.toFixed(1))}/s)`);
  deepEqual(rows.at(-1)?.slice(3), ['–']);
  const past = rows[4]!;
  equal(past[2], '6/s (7.5/s)');
  deepEqual(foreseenAt(chart, NOON - 10 * MINUTE)?.high, 7.5);
});

test('the table and the sentences speak the reader’s time', () => {
  const twin = textTwin(aChart(), 'Asia/Kolkata');
  ok(twin.kind === 'table');
  equal(twin.head[0], 'Time (Kolkata)');
  equal(twin.rows[5]?.[0], '18:00');
  match(altText(aChart(), 'Asia/Kolkata'), /from 18:00 Kolkata/);
  match(
    rowsOf(aChart({ hours: 24, samples: [aSample(NOON - 23 * HOUR), aSample(NOON)] }))[0]?.[0] ?? '',
    /^Sun 4 Jan/,
  );
});

test('the alternative text is whole sentences with the numbers that people look for', () => {
  const alt = altText(aChart(), 'UTC');
  match(
    alt,
    /^Demand of ocr lay between 4\/s and 6\/s since 10:29 UTC and was 6\/s at last; from 12:30 UTC to /,
  );
  match(alt, /a peak of [\d.]+\/s is expected, with room for errors up to [\d.]+\/s\. /);
  match(alt, /4 workers were ready at last, 5 asked for; 1 change, the last from 4 to 5 at 11:30 UTC\.$/);
  const advised = altText(aChart({ policy: aPolicy({ mode: 'advise' }) }), 'UTC');
  match(advised, /5 advised/);
});

test('minutes over the objective are marked, and said', () => {
  const samples = [3, 4, 5, 30].map((ago) => aSample(NOON - ago * MINUTE, { p95Seconds: 4 })).reverse();
  const chart = aChart({ samples });
  deepEqual(
    chart.objective.missed.map(({ from, to }) => (to - from) / MINUTE),
    [1, 3],
  );
  match(altText(chart, 'UTC'), /over its objective of 3 s for 4 minutes\.$/);
  doesNotMatch(altText(aChart(), 'UTC'), /objective/);
});

test('a fleet without any number still has a chart, and its words say so', () => {
  const chart = aChart({ samples: [aSample(NOON, { requestsPerSecond: null, ready: null })], decisions: [] });
  match(
    altText(chart, 'UTC'),
    /^There is no demand on record.*How many workers are ready is unknown; no change/,
  );
  equal(rowsOf(chart)[5]?.[1], 'unknown');
  const [image] = chartParts(chart, 'UTC');
  ok(image?.kind === 'image');
  equal(image.png.timeZone, 'UTC');
});
