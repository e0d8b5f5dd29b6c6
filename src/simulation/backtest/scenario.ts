/** What all policies of one comparison face alike: the arrivals, the service and the prices. */
import type { Millis } from '../../core/model.js';
import { workersFor } from '../../core/sizing.js';
import type { Trace } from '../trace.js';

export interface Service {
  serviceSeconds: number;
  serviceCv: number;
  /** A response later than this is late. */
  objectiveSeconds: number;
}

export interface Scenario extends Service {
  /** Start of the first minute. */
  start: Millis;
  /** Requests of each minute; null: not recorded. */
  minutes: (number | null)[];
  startupSeconds: number;
  cycleSeconds: number;
  floor: number;
  ceiling: number;
  zones: number;
  slotsPerNode: number;
  nodePricePerHour: number;
  /** Is the minute within business hours? */
  inHours(at: Millis): boolean;
}

export const scaled = (trace: Trace, scale: number): (number | null)[] =>
  trace.minutes.map((count) => (count === null ? null : count * scale));

/** Workers that keep the objective for 95 % of the requests at a steady rate. */
export function workersAt(scenario: Service, requestsPerSecond: number): number {
  return workersFor({ requestsPerSecond, ...scenario, quantile: 0.95 });
}

export const clamp = (scenario: Scenario, workers: number): number =>
  Math.min(scenario.ceiling, Math.max(scenario.floor, workers));

/** What the first recorded minute needs: where every policy starts that has no count of its own. */
export function firstCount(scenario: Scenario): number {
  const first = scenario.minutes.find((count) => count !== null) ?? 0;
  return clamp(scenario, workersAt(scenario, first / 60));
}

/** The workers that each minute needs, for the elasticity measures; null in a gap. */
export function demandCurve(scenario: Scenario): (number | null)[] {
  return scenario.minutes.map((count) =>
    count === null ? null : clamp(scenario, workersAt(scenario, count / 60)),
  );
}
