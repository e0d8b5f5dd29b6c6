import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueueModel } from '../../src/simulation/queue-model.js';
import { createRandom } from '../../src/simulation/random.js';
import { createRequestSimulation } from '../../src/simulation/request-simulation.js';

interface Phase {
  seconds: number;
  rate: number;
  ready: number;
}

const SERVICE = { serviceSeconds: 0.6, serviceCv: 0.5, objectiveSeconds: 3 };
const REQUESTS = 40_000;
const RUNS = 4;

const steady = (ready: number, load: number): Phase[] => {
  const rate = (load * ready) / 0.6;
  return [{ seconds: REQUESTS / rate, rate, ready }];
};
const minutes = (ready: number, loads: number[]): Phase[] =>
  loads.map((load) => ({ seconds: 60, rate: (load * ready) / 0.6, ready }));
const repeated = (ready: number, phases: Phase[]): Phase[] => {
  const requests = phases.reduce((sum, phase) => sum + phase.rate * phase.seconds, 0);
  const times = Math.max(ready > 50 ? 3 : 5, Math.round(REQUESTS / requests));
  return Array.from({ length: times }, () => phases).flat();
};

const CASES: { name: string; phases: Phase[]; serviceCv?: number }[] = [
  ...[1, 3, 12].flatMap((ready) =>
    [0.3, 0.6, 0.8, 0.9].map((load) => ({
      name: `${ready} workers at load ${load}`,
      phases: steady(ready, load),
    })),
  ),
  { name: '80 workers at load 0.95', phases: steady(80, 0.95) },
  { name: 'exponential service', phases: steady(4, 0.8), serviceCv: 1 },
  { name: 'constant service', phases: steady(4, 0.85), serviceCv: 0 },
  { name: 'service of high variability', phases: steady(4, 0.75), serviceCv: 1.2 },
  ...[4, 30, 120].flatMap((ready): { name: string; phases: Phase[] }[] => [
    {
      name: `${ready} workers, a minute of overload in ten`,
      phases: repeated(ready, minutes(ready, [0.8, 0.8, 0.8, 0.8, 1.1, 0.8, 0.8, 0.8, 0.8, 0.8])),
    },
    {
      name: `${ready} workers, a burst to twice the capacity`,
      phases: repeated(ready, minutes(ready, [0.6, 0.6, 2, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6])),
    },
    {
      name: `${ready} workers, a ramp through the capacity and back`,
      phases: repeated(ready, minutes(ready, [0.7, 0.8, 0.9, 0.96, 1.0, 1.04, 1.0, 0.9, 0.8, 0.7])),
    },
    {
      name: `${ready} workers doubled five minutes into an overload`,
      phases: repeated(ready, [
        { seconds: 600, rate: (0.8 * ready) / 0.6, ready },
        { seconds: 300, rate: (1.5 * ready) / 0.6, ready },
        { seconds: 600, rate: (1.5 * ready) / 0.6, ready: 2 * ready },
      ]),
    },
    {
      name: `${ready} workers, an outage of all for a minute`,
      phases: repeated(ready, [
        { seconds: 600, rate: (0.7 * ready) / 0.6, ready },
        { seconds: 60, rate: (0.7 * ready) / 0.6, ready: 0 },
        { seconds: 600, rate: (0.7 * ready) / 0.6, ready },
      ]),
    },
  ]),
];

for (const { name, phases, serviceCv = 0.5 } of CASES) {
  test(`late share and p95 agree with a simulation of every request: ${name}`, () => {
    const spec = { ...SERVICE, serviceCv };
    // Both end empty, so that no request is cut off by the end of the run.
    phases.push({ seconds: 300, rate: 0, ready: phases.at(-1)!.ready });
    const model = createQueueModel(spec);
    for (const { seconds, rate, ready } of phases) model.step({ seconds, arrivals: rate * seconds, ready });
    const got = model.totals();
    const exact = Array.from({ length: RUNS }, (_, run) => simulate(spec, phases, run + 1));

    const late = estimate(exact.map((result) => result.lateShare));
    const share = got.late / got.arrivals;
    const allowed = Math.max(0.1 * late.mean, 0.001) + 2 * late.error;
    assert.ok(Math.abs(share - late.mean) <= allowed, `late ${share}, exactly ${late.mean} ± ${late.error}`);

    const p95 = estimate(exact.map((result) => result.p95Seconds!));
    const off = Math.abs(got.p95Seconds! - p95.mean);
    assert.ok(
      off <= 0.1 * p95.mean + 2 * p95.error,
      `p95 ${got.p95Seconds}, exactly ${p95.mean} ± ${p95.error}`,
    );
  });
}

test('a saved queue goes on exactly as the one that was never stopped', () => {
  const model = createQueueModel(SERVICE);
  for (const load of [0.8, 1.3, 1.3, 0.9, 0.2]) {
    model.step({ seconds: 37, arrivals: (load * 20 * 37) / 0.6, ready: 20 });
    const again = createQueueModel(SERVICE, JSON.parse(JSON.stringify(model.save())));
    const step = { seconds: 95, arrivals: (20 * 95) / 0.6, ready: 25 };
    const copy = createQueueModel(SERVICE, JSON.parse(JSON.stringify(model.save())));
    assert.deepEqual(again.step(step), copy.step(step));
    assert.deepEqual(again.totals(), copy.totals());
    const straight = model.step(step);
    const resumed = copy.window(60);
    assert.ok(Math.abs(straight.backlog - again.step({ seconds: 0, arrivals: 0, ready: 25 }).backlog) < 1e-6);
    assert.ok(Math.abs(model.window(60).p95Seconds! - resumed.p95Seconds!) < 1e-6);
  }
});

test('every arrival is completed or still in the system', () => {
  const model = createQueueModel(SERVICE);
  let completed = 0;
  let arrivals = 0;
  for (const load of [0.5, 2, 2, 0, 0.9, 0, 0]) {
    const seen = model.step({ seconds: 60, arrivals: (load * 10 * 60) / 0.6, ready: 10 });
    completed += seen.completed;
    arrivals += seen.arrivals;
    const unserved = arrivals - completed;
    assert.ok(
      unserved > -1 && Math.abs(unserved - seen.backlog) <= 11,
      `${unserved} against ${seen.backlog}`,
    );
  }
  assert.ok(Math.abs(completed / arrivals - 1) < 0.001);
});

test('a queue that nobody serves grows, ages and is late', () => {
  const model = createQueueModel(SERVICE);
  const seen = model.step({ seconds: 600, arrivals: 600, ready: 0 });
  assert.ok(Math.abs(seen.backlog - 600) < 1);
  assert.ok(Math.abs(seen.oldestAgeSeconds - 600) < 2);
  assert.equal(Math.round(model.totals().late), 600);
});

test('without traffic nothing is known and nothing is late', () => {
  const model = createQueueModel(SERVICE);
  const seen = model.step({ seconds: 600, arrivals: 0, ready: 3 });
  assert.ok(seen.backlog < 1e-6 && seen.completed < 1e-6);
  assert.deepEqual(model.window(300), { requests: 0, lateShare: null, p95Seconds: null });
});

function simulate(spec: typeof SERVICE, phases: Phase[], seed: number) {
  const exact = createRequestSimulation({ ...spec, random: createRandom(seed), keepResponses: true });
  for (const { seconds, rate, ready } of phases) {
    exact.setReady(ready);
    exact.run(seconds, rate * seconds);
  }
  return exact.result();
}

/** Mean and its standard error. */
function estimate(values: number[]): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}
