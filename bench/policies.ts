/**
 * All policies on the recorded traces: the tables, where Muster stands against its aims, what knowing the future would be
 * worth, and cost against late requests as a chart for each trace (policies-<trace>.png in the current folder, or in the
 * folder that is named).
 *
 *   npm run bench:policies [-- FOLDER]
 */
import { existsSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawChart } from '../src/adapters/chart/draw.js';
import { policyFor, runBacktest } from '../src/simulation/backtest/backtest.js';
import { frontierChart } from '../src/simulation/backtest/charts.js';
import type { Measures } from '../src/simulation/backtest/measures.js';
import { demandCurve, type Scenario, scaled } from '../src/simulation/backtest/scenario.js';
import { table } from '../src/simulation/backtest/table.js';
import { readTrace, type Trace } from '../src/simulation/trace.js';
import { type Foresight, foresight, workerHoursAt } from './foresight.js';

const TRACES = [
  { name: 'worldcup98-may', perDay: null, aim: { ratio: 1.2, late: 0.005 } },
  { name: 'nasa-july', perDay: 2_000_000, aim: { ratio: 1.35, late: 0.01 } },
];
const FOLDER = '../shared/traces';
/** Peer settings with more late requests are printed only. */
const COMPARED_LATE = 0.01;
const CHEAPER = 0.15;

const out = process.argv[2] ?? '.';
for (const { name, perDay, aim } of TRACES) {
  const path = join(FOLDER, `${name}.csv`);
  if (!existsSync(path)) {
    console.log(`${path} is not there: ${name} is left out. Its source is named in docs/DECISIONS.md.\n`);
    continue;
  }
  const trace = await readTrace(path);
  const scale = perDay === null ? 1 : perDay / (requestsOf(trace) / (trace.minutes.length / 1_440));
  const scenario = scenarioOf(trace, scale);
  const begun = Date.now();
  const { policies } = runBacktest(scenario, policyFor(scenario));
  console.log(
    `${name}, scale ${scale.toFixed(3)}: start-up 180 s, service 0.6 s (cv 0.5), late after 3 s, ${((Date.now() - begun) / 1_000).toFixed(0)} s of computing`,
  );
  console.log(table(policies));
  console.log(verdict(policies, aim));
  console.log(worthOfForesight(policies, foresight(scenario, demandCurve(scenario))));
  mkdirSync(out, { recursive: true });
  const picture = join(out, `policies-${name}.png`);
  await writeFile(
    picture,
    await drawChart(frontierChart(`${name}: what each policy costs and misses`, policies)),
  );
  console.log(`chart: ${picture}\n`);
}

function scenarioOf(trace: Trace, scale: number): Scenario {
  return {
    start: trace.start,
    minutes: scaled(trace, scale),
    serviceSeconds: 0.6,
    serviceCv: 0.5,
    objectiveSeconds: 3,
    startupSeconds: 180,
    cycleSeconds: 1_200,
    floor: 1,
    ceiling: 1_000,
    zones: 2,
    slotsPerNode: 4,
    nodePricePerHour: 1,
    inHours: () => true,
  };
}

function requestsOf(trace: Trace): number {
  return trace.minutes.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

function verdict(policies: Measures[], aim: { ratio: number; late: number }): string {
  const muster = policies.filter(({ name }) => name.startsWith('muster/'));
  const balanced = muster.find(({ name }) => name === 'muster/balanced')!;
  const kept = balanced.ratioToClairvoyant <= aim.ratio && balanced.lateShare <= aim.late;
  const lines = [
    `balanced: ${balanced.ratioToClairvoyant.toFixed(3)} x clairvoyant at ${percent(balanced.lateShare)} late; ` +
      `the aim is ${aim.ratio} x at ${percent(aim.late)}: ${kept ? 'kept' : 'MISSED'}`,
  ];
  const peers = policies.filter(
    ({ name, lateShare }) =>
      !name.startsWith('muster/') && name !== 'clairvoyant' && lateShare <= COMPARED_LATE,
  );
  for (const peer of peers) {
    const rivals = muster.filter(({ lateShare }) => lateShare <= peer.lateShare);
    const best = rivals.sort((a, b) => a.workerHours - b.workerHours)[0];
    if (best === undefined) {
      const why = peer.name === 'static-peak' ? '; it knows the highest minute in advance' : '';
      lines.push(`${peer.name} (${percent(peer.lateShare)} late): no preset has so few late requests${why}`);
      continue;
    }
    const saved = 1 - best.workerHours / peer.workerHours;
    lines.push(
      `${peer.name} (${percent(peer.lateShare)} late): ${best.name} costs ${percent(saved, 1)} less ` +
        `at ${percent(best.lateShare)} late${saved >= CHEAPER ? '' : `, below the aim of ${percent(CHEAPER, 0)}`}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** How much of each gap a better forecast could close, under the same rules. */
function worthOfForesight(policies: Measures[], { all, around }: Foresight): string {
  const clairvoyant = policies.find(({ name }) => name === 'clairvoyant')!;
  const ratio = (workerHours: number): string => (workerHours / clairvoyant.workerHours).toFixed(3);
  const lines = [
    'with foresight, cuts at cycles only:',
    `  each minute known: ${ratio(all.workerHours)} x clairvoyant at ${percent(all.lateShare)} late`,
    ...around.map(
      ({ workerHours, lateShare }) =>
        `  only the minutes before and after each known: ${ratio(workerHours)} x at ${percent(lateShare)} late`,
    ),
  ];
  for (const { name, workerHours, lateShare } of policies) {
    if (name.startsWith('muster/') || name === 'clairvoyant' || lateShare > COMPARED_LATE) continue;
    const least = workerHoursAt(around, lateShare);
    if (least === null) continue;
    lines.push(
      `  that costs ${percent(1 - least / workerHours, 1)} less than ${name} at its ${percent(lateShare)} late`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function percent(share: number, digits = 3): string {
  return `${(100 * share).toFixed(digits)} %`;
}
