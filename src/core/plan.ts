/** What a verb would do, worked out before it does it, and what about it is risky. */
import { decide } from './decide.js';
import type { Part } from './message.js';
import { type Millis, type Override, type Seen, target } from './model.js';
import { openOverride } from './override.js';
import { costPerHour, nodesOf } from './placement.js';
import type { Policy } from './policy.js';
import type { Reason } from './reasons.js';
import { isOpen } from './schedule.js';

export type Risk =
  | { code: 'below-need'; workers: number; need: number }
  | { code: 'need-unknown'; workers: number; from: number }
  | { code: 'peak'; workers: number; from: number; floor: number }
  | { code: 'large'; change: number; limit: number }
  | { code: 'freeze-of-another'; by: string }
  | { code: 'restarts'; workers: number; nodes: number }
  | { code: 'restarts-at-peak'; floor: number }
  | { code: 'no-room'; ready: number; need: number };

export interface Plan {
  /** The words of the button that does it: 'Scale face-match 12 → 4'. */
  action: string;
  /** The fleets that must not have changed when it is confirmed. */
  fleets: string[];
  /** True when capacity falls: the button is red. */
  falls: boolean;
  risks: Risk[];
  /** The plan as people read it. */
  parts: Part[];
  /** What its author asks for beside the effect: whoever approves it wants to know until when, and why. */
  asks?: { until: Millis; reason: string };
  /** One sentence of the effect, for the answer of what needs no confirmation; null: nothing to say. */
  effect: string | null;
  /** For the audit: plain numbers. */
  numbers: Record<string, string | number | null>;
}

/** The effect on one fleet. Unknown is null. */
export interface FleetPlan {
  fleet: string;
  from: number | null;
  to: number;
  zones: { zone: string; from: number | null; to: number }[];
  nodesFrom: number | null;
  nodesTo: number;
  costPerHourFrom: number | null;
  costPerHourTo: number;
  demand: number | null;
  /** Expected peak of the horizon and the rate the fleet would be sized for, requests per second. */
  forecast: number | null;
  sizedFor: number | null;
  need: number | null;
  /** Workers above the need where it is highest within the horizon; negative when they will lack. */
  lowestHeadroom: number | null;
  /** What keeps the count from what was asked for: a freeze, the budget, a step. */
  limits: Reason[];
}

const LIMITS: ReadonlySet<Reason['code']> = new Set([
  'frozen',
  'ceiling-limited',
  'step-limited',
  'budget-limited',
  'owned-by-other',
]);

/** What an evaluation would do right after `override` is set, or ended when it is null. Decided by `decide` itself. */
export function planFleet(seen: Seen, policy: Policy, override: Override | null): FleetPlan {
  const open = openOverride(override, seen.now);
  const decision = decide({ ...seen, trigger: 'request', override: open }, policy);
  const { numbers } = decision;
  const blind = seen.zones === null;
  const from = blind
    ? (seen.memory.desired ?? seen.sample?.ready ?? null)
    : (seen.zones ?? []).reduce((sum, { desired }) => sum + desired, 0);
  const to = blind && open?.kind === 'pin' ? open.workers : target(decision);
  const before = (seen.zones ?? []).map(({ zone, desired }) => ({ zone, workers: desired }));
  return {
    fleet: seen.fleet,
    from,
    to,
    zones: decision.placement.map(({ zone, workers }) => ({
      zone,
      from: before.find((each) => each.zone === zone)?.workers ?? null,
      to: workers,
    })),
    nodesFrom: blind ? null : nodesOf(before, policy),
    nodesTo: nodesOf(decision.placement, policy),
    costPerHourFrom: blind ? null : costPerHour(before, policy),
    costPerHourTo: costPerHour(decision.placement, policy),
    demand: numbers.demand,
    forecast: numbers.forecast,
    sizedFor: numbers.sizedFor,
    need: numbers.need,
    lowestHeadroom: numbers.need === null ? null : to - numbers.need,
    limits: decision.reasons.filter(({ code }) => LIMITS.has(code)),
  };
}

/** What only takes its time is confirmed by whoever asked for it. */
export const needsSecond = (risks: Risk[]): boolean => risks.some(({ code }) => code !== 'restarts');

export interface RiskLimits {
  riskyBelowNeed: number;
  riskyAbove: number | null;
}

/** A floor only ever adds, so it is risky by its size alone. */
export function risksOf(
  plan: FleetPlan,
  override: Pick<Override, 'kind' | 'workers'>,
  seen: Pick<Seen, 'now'>,
  policy: Policy,
  limits: RiskLimits,
): Risk[] {
  const { workers, kind } = override;
  const { from, need } = plan;
  const risks: Risk[] = [];
  if (kind !== 'floor') {
    if (need !== null && workers < need * limits.riskyBelowNeed)
      risks.push({ code: 'below-need', workers, need });
    if (need === null && from !== null && workers < from) risks.push({ code: 'need-unknown', workers, from });
    const floor = openFloor(seen.now, policy);
    if (floor > 0 && from !== null && workers < from) risks.push({ code: 'peak', workers, from, floor });
  }
  // A freeze or a budget may hold it back now; when they are gone it goes as far as was asked for.
  const change = from === null ? 0 : Math.max(Math.abs(plan.to - from), askedChange(override, from));
  if (limits.riskyAbove !== null && change > limits.riskyAbove) {
    risks.push({ code: 'large', change, limit: limits.riskyAbove });
  }
  return risks;
}

function askedChange({ kind, workers }: Pick<Override, 'kind' | 'workers'>, from: number): number {
  if (kind === 'floor') return Math.max(0, workers - from);
  return kind === 'ceiling' ? Math.max(0, from - workers) : Math.abs(workers - from);
}

/** The floor of a scheduled peak that is on; 0: none is. */
export const openFloor = (now: number, policy: Policy): number =>
  policy.schedule.reduce(
    (floor, window) => (isOpen(window, now, now) ? Math.max(floor, window.floor) : floor),
    0,
  );
