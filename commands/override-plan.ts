import { showDuration } from '../src/core/duration.js';
import type { Override } from '../src/core/model.js';
import { type FleetPlan, type Plan, planFleet, risksOf } from '../src/core/plan.js';
import { effectOf, fleetPlanParts } from '../src/core/views/plan.js';
import type { CommandContext } from './command.js';
import { checkLimits, type OverrideArguments } from './override-shared.js';
import { seenNow } from './seen.js';

/** What `decide` makes of it right after, and what is risky about that. null: `run` will say why it is not done. */
export async function planOverride(args: OverrideArguments, context: CommandContext): Promise<Plan | null> {
  const fleet = context.fleets.find((other) => other.name === args.fleet)!;
  if (args.do === 'set') checkLimits(args, fleet);
  const { by, now } = context;
  const state = await context.store.fleet(args.fleet);
  const existing = state.override !== null && state.override.until > now ? state.override : null;
  if (args.do === 'set' ? existing !== null && !args.replace : existing === null) return null;
  const next: Override | null =
    args.do === 'cancel'
      ? null
      : args.do === 'extend'
        ? existing
        : {
            v: 1,
            id: 'plan',
            fleet: args.fleet,
            kind: args.kind,
            workers: args.workers,
            by,
            reason: args.reason,
            at: now,
            until: args.until,
          };
  const seen = await seenNow(fleet, state, context);
  const effect = planFleet(seen, fleet.policy, next);
  const risks = args.do === 'set' ? risksOf(effect, args, seen, fleet.policy, context.access) : [];
  const lowest = args.do === 'set' && args.kind !== 'floor' ? Math.min(args.workers, effect.to) : effect.to;
  const falls = effect.from !== null && lowest < effect.from;
  return {
    action: actionOf(args, effect),
    fleets: [args.fleet],
    falls,
    risks,
    parts: fleetPlanParts(effect, fleet.policy),
    ...(args.do === 'set' ? { asks: { until: args.until, reason: args.reason } } : {}),
    effect: effectOf(effect, fleet.policy),
    numbers: {
      from: effect.from,
      to: effect.to,
      need: effect.need,
      nodesTo: effect.nodesTo,
      costPerHourTo: effect.costPerHourTo,
    },
  };
}

function actionOf(args: OverrideArguments, effect: FleetPlan): string {
  if (args.do === 'cancel') return `End the override of ${args.fleet}`;
  if (args.do === 'extend') return `Extend the override of ${args.fleet} by ${showDuration(args.seconds)}`;
  if (args.kind === 'pin') return `Scale ${args.fleet} ${effect.from ?? '?'} → ${args.workers}`;
  return `Keep ${args.fleet} at ${args.workers} or ${args.kind === 'floor' ? 'more' : 'fewer'}`;
}
