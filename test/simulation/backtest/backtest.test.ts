import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSession } from '../../../src/decide-cli.js';
import { policyFor, runBacktest } from '../../../src/simulation/backtest/backtest.js';
import { clairvoyant } from '../../../src/simulation/backtest/clairvoyant.js';
import { createFleet } from '../../../src/simulation/backtest/fleet.js';
import { nodesFor } from '../../../src/simulation/backtest/measures.js';
import { muster } from '../../../src/simulation/backtest/muster.js';
import { hpa, kedaRate, staticPeak } from '../../../src/simulation/backtest/peers.js';
import { runPolicy } from '../../../src/simulation/backtest/run.js';
import type { ScalerSeen } from '../../../src/simulation/backtest/scaler.js';
import { demandCurve, type Scenario } from '../../../src/simulation/backtest/scenario.js';
import { table } from '../../../src/simulation/backtest/table.js';
import { createRandom } from '../../../src/simulation/random.js';
import { createRequestSimulation } from '../../../src/simulation/request-simulation.js';
import { createTraffic } from '../../../src/simulation/traffic.js';

const START = Date.UTC(2026, 0, 5);
const MINUTE = 60_000;

function aScenario(minutes: (number | null)[], changes: Partial<Scenario> = {}): Scenario {
  return {
    ...{
      start: START,
      minutes,
      serviceSeconds: 0.6,
      serviceCv: 0.5,
      objectiveSeconds: 3,
      startupSeconds: 180,
    },
    ...{ cycleSeconds: 1_200, floor: 1, ceiling: 1_000, zones: 2, slotsPerNode: 4, nodePricePerHour: 2 },
    inHours: () => true,
    ...changes,
  };
}

/** Whole days of the sandbox's traffic, counted by chance. */
function someDays(days: number, seed = 1): number[] {
  const traffic = createTraffic({ seed, perDay: 2_000_000 });
  const random = createRandom(seed);
  return Array.from({ length: days * 1_440 }, (_, i) =>
    random.poisson(traffic.requestsPerSecond('face-match', START + (i + 0.5) * MINUTE)! * 60),
  );
}

test('workers serve after the start-up, and a cut takes the newest that are starting first', () => {
  const fleet = createFleet(4, 180);
  fleet.ask(7, 0);
  fleet.ask(9, 60);
  assert.deepEqual([fleet.ready, fleet.starting, fleet.nextReady()], [4, 5, 180]);
  fleet.ask(6, 120);
  fleet.settle(180);
  assert.deepEqual([fleet.ready, fleet.starting], [6, 0]);
  fleet.ask(2, 200);
  assert.deepEqual([fleet.ready, fleet.starting], [2, 0]);
});

test('nodes are counted per zone, odd and even', () => {
  const scenario = aScenario([]);
  assert.deepEqual(
    [1, 2, 8, 9, 10].map((workers) => nodesFor(workers, scenario)),
    [1, 2, 2, 3, 4],
  );
});

test('on a day of the sandbox every preset keeps the objective at a fraction of the static peak', () => {
  const scenario = aScenario(someDays(2));
  const { policies } = runBacktest(scenario, policyFor(scenario), { peers: false });
  const named = new Map(policies.map((one) => [one.name, one]));
  for (const preset of ['thrifty', 'balanced', 'careful']) {
    const one = named.get(`muster/${preset}`)!;
    assert.ok(one.lateShare < 0.02, `${preset}: ${one.lateShare} late`);
    assert.ok(
      one.ratioToClairvoyant < 1.35 && one.shareOfStatic < 0.8,
      `${preset}: ${one.ratioToClairvoyant}`,
    );
    assert.ok(one.availability! > 0.97 && one.p95Seconds! < 3);
  }
  assert.ok(named.get('muster/thrifty')!.workerHours < named.get('muster/careful')!.workerHours);
  assert.ok(named.get('muster/thrifty')!.lateShare >= named.get('muster/careful')!.lateShare);
  assert.equal(named.get('static-peak')!.shareOfStatic, 1);
  assert.equal(named.get('clairvoyant')!.ratioToClairvoyant, 1);
  assert.equal(table(policies).trim().split('\n').length, 1 + policies.length);
});

test('the clairvoyant keeps its half percent in each cycle, with no worker to spare', () => {
  const minutes = someDays(1, 4).slice(300, 900);
  const scenario = aScenario(minutes, { start: START + 300 * MINUTE });
  const best = clairvoyant(scenario, demandCurve(scenario));
  assert.ok(best.lateShare <= 0.005, `${best.lateShare}`);
  const fewer = aScenario(minutes, { start: START + 300 * MINUTE, ceiling: 1 });
  assert.ok(clairvoyant(fewer, demandCurve(fewer)).lateShare > 0.5);
});

test('nothing is left out: a fleet that never serves is late with every request', () => {
  const scenario = aScenario(
    Array.from({ length: 60 }, () => 600),
    { floor: 0 },
  );
  const idle = { name: 'idle', everySeconds: 60, first: 0, look: () => 0 };
  const result = runPolicy(scenario, demandCurve(scenario), idle);
  assert.ok(result.lateShare > 0.999 && result.workerHours === 0);
});

test('a gap of the trace is unknown to Muster, which then cuts nothing', () => {
  const minutes = Array.from({ length: 240 }, (_, i) => (i >= 100 && i < 180 ? null : 3_000));
  const course = { ready: [] as number[], p95Seconds: [] as (number | null)[] };
  const scenario = aScenario(minutes);
  runPolicy(scenario, demandCurve(scenario), muster(policyFor(scenario)), course);
  assert.ok(Math.min(...course.ready.slice(100, 180)) >= course.ready[99]!);
});

test('draining counts, and the static peak costs its count for the whole time', () => {
  const scenario = aScenario([600, 600, 1_200, 600]);
  const { workerHours } = runPolicy(scenario, demandCurve(scenario), staticPeak(scenario));
  const peak = staticPeak(scenario).first!;
  assert.ok(Math.abs(workerHours - (peak * 4) / 60) < 1e-9);
});

test('peers follow their own formulas', () => {
  const seen: ScalerSeen = {
    ...{ at: START, requestsPerSecond: 50, busyShare: 0.9, inSystem: 18, backlog: 0, oldestAgeSeconds: 0 },
    ...{ p95Seconds: () => 1, ready: 20, starting: 0 },
  };
  assert.equal(hpa(60).look(seen), 30); // ceil(0.9 / 0.6 x 20)
  assert.equal(hpa(85).look(seen), 20); // within a tenth
  assert.equal(hpa(60).look({ ...seen, starting: 20 }), 40); // those that start are taken as idle
  assert.equal(kedaRate(1).look(seen), 40); // 50, but at most twice the count
  const down = kedaRate(1);
  assert.equal(down.look({ ...seen, ready: 50 }), 50);
  assert.equal(down.look({ ...seen, at: START + 15_000, ready: 50, requestsPerSecond: 10 }), 50); // stabilized
  assert.equal(down.look({ ...seen, at: START + 330_000, ready: 50, requestsPerSecond: 10 }), 10);
});

test('the backtest agrees with `muster decide` driving a simulation of every request', () => {
  const minutes = someDays(1, 2).slice(240, 600).map(Math.round);
  const scenario = aScenario(minutes, { start: START + 240 * MINUTE });
  const policy = policyFor(scenario);
  const model = runPolicy(scenario, demandCurve(scenario), { ...muster(policy), first: 12 });
  const exact = converse(scenario, createSession(policy), 12);
  assert.ok(
    Math.abs(exact.workerHours / model.workerHours - 1) < 0.03,
    `${exact.workerHours}, ${model.workerHours}`,
  );
  assert.ok(Math.abs(exact.lateShare - model.lateShare) < 0.0015 + 0.1 * model.lateShare);
});

/** What an outside evaluator does: one line a minute, and `desired` comes true after the start-up. */
function converse(scenario: Scenario, session: { answer(line: string): string }, first: number) {
  const world = createRequestSimulation({ ...scenario, random: createRandom(8) });
  const fleet = createFleet(first, scenario.startupSeconds);
  let workerSeconds = 0;
  scenario.minutes.forEach((count, index) => {
    fleet.settle(index * 60);
    world.setReady(fleet.ready);
    world.runExactly(60, count!);
    workerSeconds += (fleet.ready + fleet.starting) * 60;
    fleet.settle((index + 1) * 60);
    const line = {
      at: new Date(scenario.start + (index + 1) * MINUTE).toISOString(),
      requestsPerSecond: count! / 60,
      backlog: world.backlog(),
      oldestAgeSeconds: world.oldestAgeSeconds(),
      p95Seconds: world.takeP95(),
      ready: fleet.ready,
      starting: fleet.starting,
    };
    const answer = JSON.parse(session.answer(JSON.stringify(line))) as { desired: number };
    fleet.ask(answer.desired, (index + 1) * 60);
  });
  return { workerHours: workerSeconds / 3_600, lateShare: world.result().lateShare };
}
