/** Demand as an area, workers as steps: drawn by hand, because one small chart needs no library. */
import { svg } from '../app/dom.js';
import type { Point } from '../app/shapes.js';
import { clockTime } from '../kit/dates.js';

const width = 320;
const height = 76;
const floor = height - 14;

/** `hours` of simulated time up to `now`. Demand has the left scale, workers the right one. */
export function fleetChart(fleet: string, points: Point[], now: number, hours: number): SVGElement {
  const from = now - hours * 3_600_000;
  const seen = points.filter((point) => point.at >= from && point.fleets[fleet] !== undefined);
  const start = seen[0]?.at ?? from;
  const x = (at: number): number => ((at - start) / Math.max(1, now - start)) * width;
  const demands = seen.map((point) => point.fleets[fleet]!.demand);
  const workers = seen.flatMap((point) => [point.fleets[fleet]!.ready, point.fleets[fleet]!.desired]);
  const topDemand = most(demands);
  const topWorkers = most(workers);
  const y = (value: number, top: number): number => floor - (value / top) * (floor - 6);

  const area = steps(
    seen.map((point) => ({ x: x(point.at), value: point.fleets[fleet]!.demand })),
    (v) => y(v, topDemand),
    true,
  );
  const ready = steps(
    seen.map((point) => ({ x: x(point.at), value: point.fleets[fleet]!.ready })),
    (v) => y(v, topWorkers),
    false,
  );
  const desired = steps(
    seen.map((point) => ({ x: x(point.at), value: point.fleets[fleet]!.desired })),
    (v) => y(v, topWorkers),
    false,
  );
  const lastDemand = demands.at(-1);
  const label =
    seen.length < 2
      ? `${fleet}: the chart begins once ten simulated minutes have passed`
      : `${fleet} from ${clockTime(start)} to ${clockTime(now)}: demand now ${round(lastDemand)} of at most ${round(topDemand)} requests per second, workers at most ${round(topWorkers)}`;
  return svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, class: 'fleet-chart', role: 'img', 'aria-label': label },
    svg('line', { x1: 0, x2: width, y1: floor, y2: floor, class: 'axis' }),
    area === '' ? null : svg('path', { d: area, class: 'demand-area' }),
    desired === '' ? null : svg('path', { d: desired, class: 'desired-line' }),
    ready === '' ? null : svg('path', { d: ready, class: 'ready-line' }),
    svg('text', { x: 0, y: height - 2, class: 'tick' }, clockTime(start)),
    svg('text', { x: width, y: height - 2, class: 'tick', 'text-anchor': 'end' }, clockTime(now)),
  );
}

/** A path that keeps each value until the next; a gap where it is unknown. */
function steps(
  points: { x: number; value: number | null }[],
  y: (value: number) => number,
  isArea: boolean,
): string {
  let path = '';
  let isOpen = false;
  for (const [index, { x, value }] of points.entries()) {
    const next = points[index + 1]?.x ?? width;
    if (value === null) {
      if (isOpen && isArea) path += `V${floor}Z`;
      isOpen = false;
      continue;
    }
    const top = y(value).toFixed(1);
    if (!isOpen) path += isArea ? `M${x.toFixed(1)} ${floor}V${top}` : `M${x.toFixed(1)} ${top}`;
    else path += `V${top}`;
    path += `H${next.toFixed(1)}`;
    isOpen = true;
  }
  return isOpen && isArea ? `${path}V${floor}Z` : path;
}

function most(values: (number | null | undefined)[]): number {
  return Math.max(1e-9, ...values.map((value) => value ?? 0)) * 1.05;
}

function round(value: number | null | undefined): string {
  return value === null || value === undefined ? 'unknown' : String(Math.round(value * 10) / 10);
}
