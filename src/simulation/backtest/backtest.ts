/** All policies side by side on the same arrivals. */
import { type Policy, policySchema } from '../../core/policy.js';
import { clairvoyant } from './clairvoyant.js';
import type { Measures } from './measures.js';
import { muster } from './muster.js';
import { hpa, kedaQueue, kedaRate, nomadAutoscaler, slopeRule, staticPeak } from './peers.js';
import { type Course, runPolicy } from './run.js';
import type { Scaler } from './scaler.js';
import { demandCurve, type Scenario } from './scenario.js';

export const PRESETS = ['thrifty', 'balanced', 'careful'] as const;
export type Preset = (typeof PRESETS)[number];

/** Every peer with the settings that are compared. */
export const PEERS: ((scenario: Scenario) => Scaler)[] = [
  staticPeak,
  slopeRule,
  ...[50, 60, 70, 80, 90].map((target) => () => hpa(target)),
  ...[0.5, 0.7, 1, 2, 5].map((target) => () => kedaQueue(target)),
  ...[50, 60, 70, 80, 90].map(
    (target) => (scenario: Scenario) => kedaRate(round(target / 100 / scenario.serviceSeconds)),
  ),
  ...[50, 60, 70, 80, 90].map((target) => () => nomadAutoscaler(target)),
];

export interface BacktestResult {
  policies: Measures[];
  /** Minute by minute, of Muster's presets. */
  courses: Map<string, Course>;
  clairvoyant: Measures;
}

/** `policy` carries what the scenario does not say (steps, schedule, stabilization …); its preset is replaced by each. */
export function runBacktest(
  scenario: Scenario,
  policy: Policy,
  options: { peers?: boolean; presets?: readonly Preset[]; onDone?: (measures: Measures) => void } = {},
): BacktestResult {
  const demand = demandCurve(scenario);
  const courses = new Map<string, Course>();
  const policies: Measures[] = [];
  const best = clairvoyant(scenario, demand);
  const peak = runPolicy(scenario, demand, staticPeak(scenario));
  const keep = (measures: Measures): void => {
    measures.ratioToClairvoyant = measures.workerHours / best.workerHours;
    measures.shareOfStatic = measures.workerHours / peak.workerHours;
    policies.push(measures);
    options.onDone?.(measures);
  };
  for (const preset of options.presets ?? PRESETS) {
    const course: Course = { ready: [], p95Seconds: [] };
    keep(runPolicy(scenario, demand, muster({ ...policy, preset }), course));
    courses.set(`muster/${preset}`, course);
  }
  keep(peak);
  if (options.peers !== false) {
    for (const peer of PEERS.slice(1)) keep(runPolicy(scenario, demand, peer(scenario)));
  }
  keep(best);
  return { policies, courses, clairvoyant: best };
}

/** The policy that fits a scenario where no configuration says more. */
export function policyFor(scenario: Scenario): Policy {
  return policySchema.parse({
    mode: 'act',
    zones: Array.from({ length: scenario.zones }, (_, i) => `zone-${i + 1}`),
    startupSeconds: scenario.startupSeconds,
    cycleSeconds: scenario.cycleSeconds,
    serviceSeconds: scenario.serviceSeconds,
    serviceCv: scenario.serviceCv,
    slo: { p95Seconds: scenario.objectiveSeconds },
    floor: scenario.floor,
    ceiling: scenario.ceiling,
    slotsPerNode: scenario.slotsPerNode,
    nodePricePerHour: scenario.nodePricePerHour,
  });
}

const round = (value: number): number => Number(value.toFixed(2));
