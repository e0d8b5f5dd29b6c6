/**
 * A fleet's chart as an option for echarts: demand against forecast above, workers below, one time axis. Drawn to be read
 * on a telephone: large letters, few labels, and every line told apart by its dashes and its legend, not by its colour.
 */
import type { ChartSpec, FleetChart, Point } from '../../core/chart.js';
import { localTime, showTime } from '../../core/local-time.js';
import type { Millis } from '../../core/model.js';

export const WIDTH = 900;
export const HEIGHT = 760;
export const SCALE = 2;

/** At 360 pixels of width these are 10 and 11 pixels high. */
const SMALL = 25;
const LARGE = 28;
const HOUR: Millis = 3_600_000;
const MINUTE: Millis = 60_000;
const MOST_TICKS = 6;
const TICK_HOURS = [0.25, 0.5, 1, 2, 3, 4, 6, 12, 24];
const MOST_LABELLED = 5;
const MANY_CHANGES = 16;

const INK = '#1b1f24';
const GREY = '#57606a';
const BLUE = '#0b5cad';
const BAND = '#9cc4ea';
const ORANGE = '#a84300';
const RED = '#b8002e';

const bold = (fontSize: number, color = INK) => ({ ...text(fontSize, color), fontFamily: 'Inter SemiBold' });
const text = (fontSize: number, color = INK) => ({ fontFamily: 'Inter', fontSize, color });

export function fleetChartOption({ data, timeZone }: ChartSpec): Record<string, unknown> {
  const { from, to, moment, objective } = data;
  const ticks = ticksOf(from, to, timeZone);
  const zone = showTime(moment.at, timeZone).replace(/^\S+ /, '');
  const demandTop = topOf([
    ...data.demand.map(({ value }) => value ?? 0),
    ...data.forecast.map(({ mean, high }) => Math.max(mean, high)),
    ...data.foreseen.map(({ mean, high }) => Math.max(mean, high)),
  ]);
  const mostWorkers = Math.max(
    ...data.ready.map(({ value }) => value ?? 0),
    ...data.desired.map(({ value }) => value),
    1,
  );
  // Even, so that the line between is a whole worker; a quarter more, for the labels of changes.
  const workersTop = 2 * Math.ceil((mostWorkers * 1.25) / 2);
  return {
    backgroundColor: '#ffffff',
    animation: false,
    textStyle: text(SMALL),
    title: [
      {
        text: data.fleet,
        subtext: `times in ${zone}, objective p95 ≤ ${objective.p95Seconds} s`,
        left: 20,
        top: 12,
        itemGap: 6,
        textStyle: bold(34),
        subtextStyle: text(SMALL, GREY),
      },
      { text: 'requests per second', left: 20, top: 100, textStyle: bold(LARGE) },
      { text: 'workers', left: 20, top: 472, textStyle: bold(LARGE) },
    ],
    legend: [legend(102, ['demand', 'forecast', 'sized for']), legend(474, ['ready', askedName(data)])],
    grid: [
      { left: 84, right: 34, top: 178, height: 262 },
      { left: 84, right: 34, top: 528, height: 160 },
    ],
    xAxis: [timeAxis(0, from, to, ticks, null), timeAxis(1, from, to, ticks, timeZone)],
    yAxis: [countAxis(0, demandTop, 4), countAxis(1, workersTop, 2)],
    series: [
      ...demandSeries(data),
      ...foreseenSeries(data),
      ...workerSeries(data),
      momentLine(data, 0, true),
      momentLine(data, 1, false),
    ],
  };
}

const askedName = (data: FleetChart): string => (data.advised ? 'advised' : 'asked for');

function legend(top: number, names: string[]) {
  return {
    data: names,
    right: 30,
    top,
    itemWidth: 62,
    itemHeight: 16,
    itemGap: 26,
    itemStyle: { opacity: 0 },
    textStyle: text(SMALL),
  };
}

function timeAxis(gridIndex: number, min: Millis, max: Millis, ticks: Millis[], timeZone: string | null) {
  return {
    type: 'value',
    gridIndex,
    min,
    max,
    axisLine: { onZero: false, lineStyle: { color: GREY } },
    axisTick: { show: timeZone !== null, customValues: ticks, length: 8 },
    splitLine: { show: false },
    axisLabel:
      timeZone === null
        ? { show: false }
        : {
            ...text(SMALL),
            margin: 12,
            customValues: ticks,
            formatter: (at: number) => showTime(at, timeZone).slice(0, 5),
          },
  };
}

function countAxis(gridIndex: number, max: number, parts: number) {
  return {
    type: 'value',
    gridIndex,
    min: 0,
    max,
    interval: max / parts,
    axisLabel: {
      ...text(SMALL),
      margin: 12,
      formatter: (value: number) => `${Number(value.toPrecision(3))}`,
    },
    splitLine: { lineStyle: { color: '#d8dee4' } },
  };
}

function demandSeries(data: FleetChart) {
  const { demand, objective } = data;
  return [
    {
      name: 'demand',
      type: 'line',
      symbol: 'none',
      z: 5,
      lineStyle: { width: 4, color: INK },
      itemStyle: { color: INK },
      data: pairs(demand),
      markArea: {
        silent: true,
        itemStyle: { color: 'rgba(184, 0, 46, 0.16)' },
        label: { show: false },
        data: objective.missed.map(({ from, to }, n) => [
          {
            xAxis: from,
            ...(n === 0
              ? {
                  label: {
                    show: true,
                    position:
                      from - data.from > 0.7 * (data.to - data.from) ? 'insideTopRight' : 'insideTopLeft',
                    formatter: 'p95 missed',
                    ...text(SMALL, RED),
                  },
                }
              : {}),
          },
          { xAxis: to },
        ]),
      },
    },
  ];
}

/** The band between what was expected and what was sized for: steps for the cycles past, a curve for what comes. */
function foreseenSeries(data: FleetChart) {
  const mean = [
    ...steps(data, ({ mean }) => mean),
    ...data.forecast.map(({ at, mean }) => [at, mean] as const),
  ];
  const high = [
    ...steps(data, ({ high }) => high),
    ...data.forecast.map(({ at, high }) => [at, high] as const),
  ];
  const low = mean.map(([at, value], n) => [at, both(value, high[n]?.[1], Math.min)]);
  const gap = mean.map(([at, value], n) => {
    const other = high[n]?.[1] ?? null;
    return [at, value === null || other === null ? null : Math.abs(other - value)];
  });
  const hidden = { type: 'line', symbol: 'none', silent: true, stack: 'band', lineStyle: { width: 0 } };
  return [
    { ...hidden, name: 'band floor', data: low },
    { ...hidden, name: 'band', data: gap, areaStyle: { color: BAND, opacity: 0.55 } },
    line('forecast', BLUE, { width: 3.5, type: [14, 8] }, mean),
    line('sized for', BLUE, { width: 2.5, type: [3, 6] }, high),
  ];
}

const both = (one: number | null, other: number | null | undefined, pick: typeof Math.min): number | null =>
  one === null || other == null ? null : pick(one, other);

function steps(
  data: FleetChart,
  pick: (one: FleetChart['foreseen'][number]) => number,
): (readonly [Millis, number | null])[] {
  return data.foreseen.flatMap((one, n) => {
    const before = data.foreseen[n - 1];
    const gap = before !== undefined && before.to < one.from ? [[one.from - 1, null] as const] : [];
    return [...gap, [one.from, pick(one)] as const, [one.to, pick(one)] as const];
  });
}

function line(name: string, color: string, style: object, values: unknown[], more: object = {}) {
  return {
    name,
    type: 'line',
    symbol: 'none',
    z: 4,
    lineStyle: { color, ...style },
    itemStyle: { color },
    data: values,
    ...more,
  };
}

function workerSeries(data: FleetChart) {
  const below = { xAxisIndex: 1, yAxisIndex: 1, step: 'end' };
  const last = data.desired.at(-1);
  const asked = [
    ...data.desired.map(({ at, value }) => [at, value]),
    ...(last ? [[data.to, last.value]] : []),
  ];
  const labelled = labelledChanges(data);
  return [
    line('ready', INK, { width: 4 }, pairs(data.ready), {
      ...below,
      areaStyle: { color: '#8c959f', opacity: 0.25 },
    }),
    line(askedName(data), ORANGE, { width: 3.5, type: [8, 6] }, asked, below),
    {
      name: 'changes',
      type: 'scatter',
      xAxisIndex: 1,
      yAxisIndex: 1,
      z: 6,
      itemStyle: { color: ORANGE, opacity: 1 },
      data: data.changes.map((change) => ({
        value: [change.at, change.to],
        symbol: 'triangle',
        symbolRotate: change.to > change.from ? 0 : 180,
        symbolSize: data.changes.length > MANY_CHANGES ? 13 : 18,
        label: {
          show: labelled.has(change),
          position: change.to > change.from ? 'top' : 'bottom',
          formatter: `${change.to > change.from ? '+' : '−'}${Math.abs(change.to - change.from)}`,
          ...bold(SMALL, ORANGE),
          textBorderColor: '#ffffff',
          textBorderWidth: 4,
        },
      })),
    },
  ];
}

/** The largest changes, as far apart as their labels are wide. */
function labelledChanges({ changes, from, to }: FleetChart): Set<FleetChart['changes'][number]> {
  const width = (to - from) / 14;
  const size = (change: FleetChart['changes'][number]): number => Math.abs(change.to - change.from);
  const labelled: FleetChart['changes'] = [];
  const sorted = changes.toSorted((a, b) => size(b) - size(a));
  const least = Math.max(
    changes.length > MOST_LABELLED ? 2 : 1,
    size(sorted[0] ?? { at: 0, from: 0, to: 0 }) / 3,
  );
  for (const change of sorted) {
    if (size(change) < least) break;
    if (labelled.every((one) => Math.abs(one.at - change.at) >= width)) labelled.push(change);
    if (labelled.length === MOST_LABELLED) break;
  }
  return new Set(labelled);
}

/** Where the forecast begins. */
function momentLine({ moment }: FleetChart, index: number, labelled: boolean) {
  return {
    type: 'line',
    xAxisIndex: index,
    yAxisIndex: index,
    data: [],
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color: GREY, width: 2, type: 'solid' },
      label: labelled
        ? { position: 'end', formatter: moment.label, ...text(SMALL, GREY), distance: 4 }
        : { show: false },
      data: [{ xAxis: moment.at }],
    },
  };
}

const pairs = (points: Point[]): [Millis, number | null][] => points.map(({ at, value }) => [at, value]);

/** A number above all whose quarters are short. */
function topOf(values: number[]): number {
  const most = Math.max(0.4, ...values) * 1.05;
  const power = 10 ** Math.floor(Math.log10(most));
  const round = [1, 1.2, 1.6, 2, 2.4, 2.8, 3.2, 4, 4.8, 6, 8, 10].find((one) => one * power >= most);
  return (round ?? 10) * power;
}

/** Round times of the reader's zone. */
function ticksOf(from: Millis, to: Millis, timeZone: string): Millis[] {
  const hours = TICK_HOURS.find((one) => (to - from) / (one * HOUR) <= MOST_TICKS) ?? 24;
  const { hour, minute, second } = localTime(from, timeZone);
  const sinceMidnight = hour * HOUR + minute * MINUTE + second * 1_000;
  const step = hours * HOUR;
  const first = from + (Math.ceil(sinceMidnight / step) * step - sinceMidnight);
  const ticks: Millis[] = [];
  for (let at = first; at <= to; at += step) ticks.push(at);
  return ticks;
}
