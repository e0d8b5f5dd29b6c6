/**
 * The other autoscalers, by their own formulas and defaults, looking every 15 s. They see the world without delay or
 * failure, which is kinder than life, with the counting noise that 15 s have. Workers take the same start-up time as Muster's.
 */
import type { Scaler, ScalerSeen } from './scaler.js';
import { type Scenario, workersAt } from './scenario.js';

/** Enough for the highest minute, always. */
export function staticPeak(scenario: Scenario): Scaler {
  const peak = scenario.minutes.reduce<number>((most, count) => Math.max(most, count ?? 0), 0);
  const workers = Math.min(scenario.ceiling, Math.max(scenario.floor, workersAt(scenario, peak / 60)));
  return { name: 'static-peak', everySeconds: scenario.cycleSeconds, first: workers, look: () => workers };
}

/** The case study's rule: this cycle's mean and its growth over the last one, with a fixed room of a fifth. */
export function slopeRule(scenario: Scenario): Scaler {
  let previous: number | null = null;
  let sum = 0;
  let minutes = 0;
  const cycleMs = scenario.cycleSeconds * 1_000;
  let held: number | null = null;
  return {
    name: 'slope',
    everySeconds: 60,
    first: null,
    look({ at, requestsPerSecond, ready, starting }) {
      if (requestsPerSecond !== null) {
        sum += requestsPerSecond;
        minutes++;
      }
      if (at % cycleMs !== 0) return held ?? ready + starting;
      if (minutes > 0) {
        const mean = sum / minutes;
        const forecast = Math.max(0, mean + (previous === null ? 0 : mean - previous));
        held = Math.ceil(forecast * scenario.serviceSeconds * 1.2);
        previous = mean;
      }
      sum = 0;
      minutes = 0;
      return held ?? ready + starting;
    },
  };
}

const SYNC_SECONDS = 15;
const TOLERANCE = 0.1;

/** Kubernetes HPA on the workers' utilisation: target in per cent. Those that still start count as idle on the way up. */
export function hpa(target: number): Scaler {
  const limits = hpaLimits();
  return {
    name: `hpa/${target}`,
    everySeconds: SYNC_SECONDS,
    first: null,
    look(seen) {
      const { ready, starting, busyShare } = seen;
      const current = ready + starting;
      const ratio = (busyShare * 100) / target;
      let wanted = current;
      if (ratio > 1 + TOLERANCE) {
        const diluted = current > 0 ? (ratio * ready) / current : ratio;
        if (diluted > 1 + TOLERANCE) wanted = Math.ceil(diluted * current);
      } else if (ratio < 1 - TOLERANCE) wanted = Math.min(current, Math.ceil(ratio * ready));
      return limits(seen, wanted);
    },
  };
}

/** KEDA, RabbitMQ scaler, mode QueueLength: messages ready and unacknowledged for each worker. */
export const kedaQueue = (target: number): Scaler =>
  keda(`keda-queue/${target}`, target, (seen) => seen.inSystem);

/** KEDA, RabbitMQ scaler, mode MessageRate: published messages per second for each worker. */
export const kedaRate = (target: number): Scaler =>
  keda(`keda-rate/${target}`, target, (seen) => seen.requestsPerSecond);

/** KEDA hands the metric to an HPA as an external average value. */
function keda(name: string, target: number, metric: (seen: ScalerSeen) => number | null): Scaler {
  const limits = hpaLimits();
  return {
    name,
    everySeconds: SYNC_SECONDS,
    first: null,
    look(seen) {
      const current = seen.ready + seen.starting;
      const usage = metric(seen);
      if (usage === null) return current;
      const ratio = usage / (target * Math.max(1, current));
      const wanted = Math.abs(ratio - 1) <= TOLERANCE ? current : Math.ceil(usage / target);
      return limits(seen, wanted);
    },
  };
}

/** Default behaviour: up at once by at most max(4, 100 %) each 15 s; down to the highest wish of 300 s. */
function hpaLimits(): (seen: ScalerSeen, wanted: number) => number {
  const wishes: { at: number; wanted: number }[] = [];
  return ({ at, ready, starting }, wanted) => {
    const current = ready + starting;
    wishes.push({ at, wanted });
    while (wishes[0]!.at < at - 300_000) wishes.shift();
    let highest = 0;
    for (const wish of wishes) highest = Math.max(highest, wish.wanted);
    const stable = wanted < current ? Math.min(current, highest) : wanted;
    return Math.max(1, Math.min(stable, Math.max(current + 4, 2 * current)));
  };
}

const COOLDOWN_MS = 300_000;
const DEAD_BAND = 0.01;

/** Nomad Autoscaler, target-value on the workers' utilisation in per cent; cooldown of five minutes after each change. */
export function nomadAutoscaler(target: number): Scaler {
  let quietUntil = 0;
  return {
    name: `nomad-autoscaler/${target}`,
    everySeconds: SYNC_SECONDS,
    first: null,
    look({ at, busyShare, ready, starting }) {
      const current = ready + starting;
      const factor = (busyShare * 100) / target;
      if (at < quietUntil || Math.abs(factor - 1) <= DEAD_BAND) return current;
      const wanted = Math.max(1, Math.ceil(current * factor));
      if (wanted !== current) quietUntil = at + COOLDOWN_MS;
      return wanted;
    },
  };
}
