/**
 * What perfect foresight would have cost: per cycle the least constant worker count, ready at its start, for which at
 * most 0.5 % of the cycle's requests are late; the backlog of the cycle before is carried over.
 */
import { createQueueModel, type QueueModel } from '../queue-model.js';
import { createMeter, type Measures } from './measures.js';
import { clamp, firstCount, type Scenario } from './scenario.js';

const LATE_SHARE = 0.005;

export function clairvoyant(scenario: Scenario, demand: (number | null)[]): Measures {
  const meter = createMeter(scenario, demand);
  let model = createQueueModel(scenario);
  let workers = firstCount(scenario);
  let asked = workers;
  for (const cycle of cyclesOf(scenario)) {
    const before = model.save();
    const fits = (count: number): boolean => {
      const trial = createQueueModel(scenario, before);
      return keepsObjective(trial, scenario, cycle, count);
    };
    workers = leastThat(fits, workers, scenario);
    if (workers !== asked) meter.changed();
    asked = workers;
    model = createQueueModel(scenario, before);
    for (let index = cycle.from; index < cycle.to; index++) {
      const seen = model.step({ seconds: 60, arrivals: scenario.minutes[index] ?? 0, ready: workers });
      meter.exist(workers, 60);
      const at = scenario.start + (index + 1) * 60_000;
      const { p95Seconds } = model.window(60);
      const { oldestAgeSeconds } = seen;
      meter.minute({ at, index, ready: workers, p95Seconds, oldestAgeSeconds }, model);
    }
  }
  return meter.result('clairvoyant', model);
}

interface Span {
  from: number;
  to: number;
}

/** Minutes of each cycle; the first may be shorter. */
function cyclesOf({ start, minutes, cycleSeconds }: Scenario): Span[] {
  const length = Math.max(1, Math.round(cycleSeconds / 60));
  const offset = Math.floor(start / 60_000) % length;
  const cycles: Span[] = [];
  for (let from = 0; from < minutes.length; ) {
    const to = Math.min(minutes.length, from + length - (from === 0 ? offset : 0));
    cycles.push({ from, to });
    from = to;
  }
  return cycles;
}

function keepsObjective(model: QueueModel, scenario: Scenario, { from, to }: Span, workers: number): boolean {
  let requests = 0;
  for (let index = from; index < to; index++) requests += scenario.minutes[index] ?? 0;
  // What is late by now, or waits without hope, is no fault of this cycle.
  const allowed = model.totals().late + LATE_SHARE * requests;
  for (let index = from; index < to; index++) {
    model.step({ seconds: 60, arrivals: scenario.minutes[index] ?? 0, ready: workers });
    if (model.lateSoFar() > allowed) return false;
  }
  return model.totals().late <= allowed;
}

/** The least count that fits, searched outwards from the last cycle's. */
function leastThat(fits: (workers: number) => boolean, near: number, scenario: Scenario): number {
  let low = scenario.floor - 1;
  let high = near;
  for (let stride = Math.max(1, Math.ceil(near / 16)); high < scenario.ceiling && !fits(high); stride *= 2) {
    low = high;
    high = Math.min(scenario.ceiling, high + stride);
  }
  if (low < near) {
    for (let stride = Math.max(1, Math.ceil(near / 32)); high - stride > low; stride *= 2) {
      if (!fits(high - stride)) {
        low = high - stride;
        break;
      }
      high -= stride;
    }
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) high = middle;
    else low = middle;
  }
  return clamp(scenario, high);
}
