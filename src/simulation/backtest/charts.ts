/** Charts of a comparison, as options for echarts; drawing them is an adapter's work. */
import type { Measures } from './measures.js';
import type { Scenario } from './scenario.js';

export interface ChartOption {
  [key: string]: unknown;
}

const COLOURS: Record<string, string> = {
  muster: '#0b6e4f',
  clairvoyant: '#444444',
  hpa: '#326ce5',
  'keda-queue': '#c2571a',
  'keda-rate': '#8b3fae',
  'nomad-autoscaler': '#00a3a3',
  slope: '#b8002e',
  'static-peak': '#8a8a8a',
};

const TEXT = { fontFamily: 'Inter', color: '#1b1f24' };
/** Late shares reach over several powers of ten; below this one they are drawn at the edge. */
const LEAST_LATE = 1e-5;

/** Cost against late requests: down and left is better; each family of settings is a line. */
export function frontierChart(title: string, policies: Measures[]): ChartOption {
  const families = new Map<string, Measures[]>();
  for (const one of policies) {
    const family = one.name.split('/')[0]!;
    families.set(family, [...(families.get(family) ?? []), one]);
  }
  const cheap = policies.filter((one) => one.ratioToClairvoyant <= 3);
  return {
    ...frame(title, 'cost / clairvoyant against the share of requests later than the objective'),
    legend: { bottom: 8, textStyle: TEXT },
    xAxis: {
      type: 'value',
      name: 'worker-hours / clairvoyant',
      nameLocation: 'middle',
      nameGap: 30,
      min: 0.9,
      max: Math.ceil(10 * Math.max(1.5, ...cheap.map((one) => one.ratioToClairvoyant))) / 10,
      axisLabel: TEXT,
      nameTextStyle: TEXT,
    },
    yAxis: {
      type: 'log',
      name: 'late',
      min: LEAST_LATE,
      max: 1,
      axisLabel: { ...TEXT, formatter: (value: number) => `${Number((100 * value).toPrecision(2))} %` },
      nameTextStyle: TEXT,
    },
    series: [...families].map(([family, members]) => ({
      name: family,
      type: 'line',
      symbol: family === 'muster' ? 'diamond' : 'circle',
      symbolSize: family === 'muster' ? 12 : 8,
      lineStyle: { width: family === 'muster' ? 3 : 1.5 },
      itemStyle: { color: COLOURS[family] ?? '#666666' },
      label: {
        show: true,
        position: family === 'muster' ? 'left' : 'top',
        fontSize: 11,
        formatter: '{@[2]}',
        color: COLOURS[family] ?? '#666666',
        fontFamily: 'Inter',
      },
      data: members
        .filter((one) => one.ratioToClairvoyant <= 3)
        .sort((a, b) => a.ratioToClairvoyant - b.ratioToClairvoyant)
        .map((one) => [
          Number(one.ratioToClairvoyant.toFixed(4)),
          Math.max(LEAST_LATE, one.lateShare),
          one.name.split('/')[1] ?? one.name,
        ]),
    })),
  };
}

/** Demand in workers and what served, over the whole trace; each point the highest of its stretch. */
export function courseChart(
  title: string,
  scenario: Scenario,
  demand: (number | null)[],
  ready: number[],
): ChartOption {
  const stretch = Math.max(1, Math.ceil(demand.length / 1_500));
  const at = (index: number): number => scenario.start + index * 60_000;
  const points = (values: (number | null)[]): [number, number | null][] => {
    const result: [number, number | null][] = [];
    for (let from = 0; from < values.length; from += stretch) {
      const known = values.slice(from, from + stretch).filter((value) => value !== null);
      result.push([at(from), known.length === 0 ? null : Math.max(...known)]);
    }
    return result;
  };
  return {
    ...frame(
      title,
      `workers, highest of each ${stretch === 1 ? 'minute' : `${stretch} minutes`}, times in UTC`,
    ),
    useUTC: true,
    legend: { bottom: 8, textStyle: TEXT },
    xAxis: { type: 'time', axisLabel: TEXT },
    yAxis: { type: 'value', name: 'workers', axisLabel: TEXT, nameTextStyle: TEXT },
    series: [
      {
        name: 'serving',
        type: 'line',
        step: 'end',
        showSymbol: false,
        lineStyle: { width: 1.2 },
        itemStyle: { color: COLOURS.muster },
        areaStyle: { opacity: 0.15 },
        data: points(ready),
      },
      {
        name: 'needed',
        type: 'line',
        showSymbol: false,
        lineStyle: { width: 1 },
        itemStyle: { color: '#b8002e' },
        data: points(demand),
      },
    ],
  };
}

function frame(title: string, subtitle: string): ChartOption {
  return {
    backgroundColor: '#ffffff',
    animation: false,
    textStyle: TEXT,
    title: {
      text: title,
      subtext: subtitle,
      left: 16,
      top: 10,
      textStyle: TEXT,
      subtextStyle: { ...TEXT, color: '#57606a' },
    },
    grid: { left: 80, right: 50, top: 100, bottom: 80 },
  };
}
