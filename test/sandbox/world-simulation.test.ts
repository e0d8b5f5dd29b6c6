import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { SYNTHETIC_START_MS, sandboxFleets } from '../../src/sandbox/fleets.js';
import { createCostMeter, nodesFor } from '../../src/sandbox/metering.js';
import { createSimulatedWorld, type SimulatedWorldSpec } from '../../src/sandbox/simulated-world.js';

const MINUTE = 60_000;
const fleets = sandboxFleets();
const aSpec = (changed: Partial<SimulatedWorldSpec> = {}): SimulatedWorldSpec => ({
  fleets,
  seed: 1,
  scale: 1,
  trace: null,
  ...changed,
});
const aTrace = (minutes: (number | null)[]) => ({ start: SYNTHETIC_START_MS, minutes });

test('the fleets start with room to spare and serve their requests in time', () => {
  const world = createSimulatedWorld(aSpec());
  ok(world.advance(SYNTHETIC_START_MS + 10 * MINUTE));
  const truth = world.truth();
  deepEqual(Object.keys(truth), ['face-match', 'liveness', 'ocr']);
  for (const [name, fleet] of Object.entries(truth)) {
    ok(fleet.ready !== null && fleet.ready >= 2, name);
    equal(fleet.desired, fleet.ready, name);
    ok((fleet.demandPerSecond ?? 0) > 1, name);
    ok((fleet.p95Seconds ?? 9) < 3, name);
    ok((fleet.lateShare ?? 1) < 0.01, name);
  }
  const [face, liveness, ocr] = ['face-match', 'liveness', 'ocr'].map(
    (name) => truth[name]?.demandPerSecond ?? 0,
  );
  ok(Math.abs(liveness! / face! - 0.6) < 0.001 && Math.abs(ocr! / face! - 0.4) < 0.001);
});

test('one day brings about two million API requests', () => {
  const world = createSimulatedWorld(aSpec());
  world.advance(world.startsAt + 1_440 * MINUTE);
  const arrived = world.traffic.fleet('face-match').arrived;
  ok(arrived > 1_600_000 && arrived < 2_500_000, String(arrived));
});

test('the same seed gives the same world however the time is cut, and a restored one goes on alike', () => {
  const whole = createSimulatedWorld(aSpec());
  whole.advance(whole.startsAt + 30 * MINUTE);
  const pieces = createSimulatedWorld(aSpec());
  for (let at = pieces.startsAt; at <= pieces.startsAt + 12 * MINUTE; at += 7_300) pieces.advance(at);
  const saved = JSON.parse(JSON.stringify(pieces.save()));
  const restored = createSimulatedWorld(aSpec(), saved);
  restored.advance(whole.startsAt + 30 * MINUTE);
  deepEqual(restored.truth(), whole.truth());
  deepEqual(restored.costs(), whole.costs());
  const other = createSimulatedWorld(aSpec({ seed: 2 }));
  other.advance(whole.startsAt + 30 * MINUTE);
  ok(other.truth().ocr?.demandPerSecond !== whole.truth().ocr?.demandPerSecond);
});

test('too few workers make requests wait, and the truth shows it', () => {
  const world = createSimulatedWorld(aSpec());
  world.advance(world.startsAt + 5 * MINUTE);
  for (const zone of ['asia-south1-a', 'asia-south1-b'])
    world.cluster.scale(`face-match-${zone}`, { count: 1, message: 'test', meta: null } as never);
  world.advance(world.startsAt + 15 * MINUTE);
  const { ready, backlog, lateShare, p95Seconds } = world.truth()['face-match']!;
  equal(ready, 2);
  ok((backlog ?? 0) > 100 && (lateShare ?? 0) > 0.5 && (p95Seconds ?? 0) > 3);
});

test('a missing minute of a trace is unknown demand, and after the last one nothing arrives', () => {
  const world = createSimulatedWorld(aSpec({ trace: aTrace([600, 600, null, null, 600, 600]), scale: 0.5 }));
  const demandAfter = (minutes: number) => {
    world.advance(world.startsAt + minutes * MINUTE);
    return world.truth()['face-match']?.demandPerSecond ?? null;
  };
  equal(demandAfter(2), 5);
  equal(demandAfter(3), null);
  equal(demandAfter(6), 5);
  equal(demandAfter(8), 0);
  equal(world.endsAt, world.startsAt + 6 * MINUTE);
});

test('an advance that may not go on stops between two steps and says so', () => {
  const world = createSimulatedWorld(aSpec());
  equal(
    world.advance(world.startsAt + 10 * MINUTE, () => false),
    false,
  );
  equal(world.traffic.now, world.startsAt + 5_000);
});

test('costs are nodes times price times hours, beside the same for a fleet sized for its peak', () => {
  equal(nodesFor(9, 2, 4), 3);
  equal(nodesFor(8, 2, 4), 2);
  equal(nodesFor(0, 2, 4), 0);
  equal(nodesFor(3, 1, 4), 1);
  const meter = createCostMeter({ at: 0, perHour: 10, staticPeakPerHour: 30 });
  meter.advance(30 * MINUTE, 20);
  meter.advance(60 * MINUTE, 20);
  deepEqual(meter.costs(), { perHour: 20, sinceStart: 15, staticPeakSinceStart: 30 });
  meter.advance(0, 20);
  equal(meter.costs().sinceStart, 15);
});

test('a peak-sized fleet costs what its busiest minute needs', () => {
  const quiet = createSimulatedWorld(aSpec({ trace: aTrace([60, 60, 60]) })).staticPeakPerHour;
  const busy = createSimulatedWorld(aSpec({ trace: aTrace([60, 6_000, 60]) })).staticPeakPerHour;
  ok(busy['face-match']! >= 15 * 0.71 && quiet['face-match']! <= 2 * 0.71);
});
