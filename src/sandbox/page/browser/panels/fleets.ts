/** One card a fleet: how it does against its objective, what it costs, what was decided last, and its day as a chart. */
import { at, h } from '../app/dom.js';
import type { DecisionLine, FleetAbout, FleetTruth } from '../app/shapes.js';
import { store } from '../app/store.js';
import { clockTime } from '../kit/dates.js';
import { fleetChart } from './chart.js';
import { money } from './money.js';

const chartHours = 12;

export function drawFleets(): void {
  const update = store.latest;
  if (update === null) return;
  at('fleets').replaceChildren(
    ...Object.entries(update.fleets).map(([name, truth]) => {
      const about = store.about.find((each) => each.name === name);
      const last = update.decisions.filter((decision) => decision.fleet === name).at(-1);
      return card(name, truth, about, last);
    }),
  );
  drawCosts();
}

function card(
  name: string,
  truth: FleetTruth,
  about: FleetAbout | undefined,
  last: DecisionLine | undefined,
): HTMLElement {
  const objective = about?.objectiveSeconds ?? null;
  const judged = judge(truth, objective);
  const id = `fleet-${name}`;
  const perHour = truth.nodes === null || about === undefined ? null : truth.nodes * about.nodePricePerHour;
  const peak = about?.staticPeakPerHour ?? null;
  return h(
    'section',
    { class: 'card fleet', 'aria-labelledby': id },
    h(
      'div',
      { class: 'card-head' },
      h('h3', { id }, name),
      h('span', { class: `pill ${judged.tone}` }, judged.words),
    ),
    h(
      'p',
      { class: 'big' },
      h('strong', {}, shown(truth.ready)),
      ` of ${shown(truth.desired)} workers ready`,
      (truth.starting ?? 0) > 0 ? h('span', { class: 'starting' }, ` · ${truth.starting} starting`) : null,
    ),
    fleetChart(name, store.points, store.latest!.clock, chartHours) as unknown as Node,
    h(
      'dl',
      { class: 'facts' },
      ...fact('Demand', truth.demandPerSecond === null ? '–' : `${number(truth.demandPerSecond)}/s`),
      ...fact('Backlog', truth.backlog === null ? '–' : number(truth.backlog)),
      ...fact(
        'p95',
        truth.p95Seconds === null
          ? '–'
          : `${number(truth.p95Seconds)} s${objective === null ? '' : ` of ${objective} s`}`,
      ),
      ...fact('Late', truth.lateShare === null ? '–' : percent(truth.lateShare)),
      ...fact('Nodes', shown(truth.nodes)),
      ...fact('Cost', perHour === null ? '–' : `${money(perHour)}/h`),
    ),
    h(
      'p',
      { class: 'last' },
      h('span', {}, last === undefined ? 'No decision yet.' : lastWords(last)),
      perHour === null || peak === null || peak <= 0 ? null : h('span', {}, againstPeak(perHour, peak)),
    ),
  );
}

function fact(name: string, value: string): HTMLElement[] {
  return [h('div', {}, h('dt', {}, name), h('dd', {}, value))];
}

function judge(truth: FleetTruth, objective: number | null): { words: string; tone: string } {
  if (truth.ready === null) return { words: 'unknown', tone: 'info' };
  if (objective !== null && truth.p95Seconds !== null && truth.p95Seconds > objective)
    return { words: 'late', tone: 'bad' };
  if (truth.desired !== null && truth.ready < truth.desired) return { words: 'raising', tone: 'info' };
  return { words: 'on time', tone: 'good' };
}

function lastWords({ at: when, kind, trigger, from, to }: DecisionLine): string {
  const what = kind === 'hold' ? `hold at ${to}` : `scale ${from} → ${to}`;
  return `${clockTime(when)} ${what} (${trigger})`;
}

function againstPeak(perHour: number, peak: number): string {
  const share = Math.round((1 - perHour / peak) * 100);
  if (share === 0) return 'as much as a static peak';
  return share > 0 ? `${share}% below static peak` : `${-share}% above static peak`;
}

function drawCosts(): void {
  const { perHour, sinceStart, staticPeakSinceStart } = store.latest!.costs;
  const saved = staticPeakSinceStart - sinceStart;
  const share = staticPeakSinceStart > 0 ? saved / staticPeakSinceStart : 0;
  at('costs').replaceChildren(
    ...fact('Now', `${money(perHour)}/h`),
    ...fact('Since the start', money(sinceStart)),
    ...fact(
      saved >= 0 ? 'Saved vs static peak' : 'Above static peak',
      `${money(Math.abs(saved))} (${Math.abs(Math.round(share * 100))}%)`,
    ),
  );
  at('costs').dataset.tone = saved >= 0 ? 'good' : 'bad';
}

function shown(value: number | null): string {
  return value === null ? '–' : String(value);
}

function number(value: number): string {
  return new Intl.NumberFormat(undefined, { maximumFractionDigits: value < 100 ? 1 : 0 }).format(value);
}

function percent(share: number): string {
  return new Intl.NumberFormat(undefined, {
    style: 'percent',
    maximumFractionDigits: share < 0.1 ? 2 : 0,
  }).format(share);
}
