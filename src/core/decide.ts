import { type Assessment, assess } from './assess.js';
import { affordable } from './budget.js';
import { toReplace } from './capacity.js';
import { atLeastFloor, atMostCeiling, frozen, isFrozen, stepLimited } from './limits.js';
import type { Decision, Placement, Seen, ZoneSeen } from './model.js';
import { applyOverride, openOverride } from './override.js';
import { costPerHour, moved, nodesOf, place, standing, total } from './placement.js';
import type { Policy } from './policy.js';
import type { Reason } from './reasons.js';
import { type Running, runningCount } from './running.js';
import { coolDown, firstContact, type Step, stabilize } from './stabilize.js';
import { triedAgain } from './unfinished.js';
import { type SilenceReason, silence, silenceReason } from './voters.js';

/**
 * The whole decision: what was seen and the policy in, a count with its reasons out. It reads like the policy itself:
 * forecast, sizing and drain, guard, scheduled floor, stabilization and cooldown, override, floor and ceiling, step,
 * budget, freeze. The same input always gives the same decision.
 */
export function decide(seen: Seen, policy: Policy): Decision {
  const { now, memory, zones } = seen;
  if (zones === null || zones.length === 0) return holdBlind(seen, policy);
  const running = runningCount(seen, zones, policy);
  const current = running.count;
  const assessment = assess(seen, policy, current);
  const reasons: Reason[] = [...running.reasons, ...assessment.reasons];
  const owner = zones.find((zone) => zone.blocked?.kind === 'owned-by-other');
  if (owner !== undefined) {
    reasons.push({ code: 'owned-by-other', zone: owner.zone, owner: owner.blocked!.id });
    return conclude(seen, policy, running, assessment, current, reasons);
  }

  const down = zones.filter((zone) => !zone.up);
  if (down.length === zones.length) {
    for (const { zone } of down) reasons.push({ code: 'zone-down', zone, moved: 0 });
    return conclude(seen, policy, running, assessment, current, reasons);
  }

  let count = assessment.need ?? current;
  const apply = (step: Step): void => {
    count = step.count;
    if (step.reason !== undefined) reasons.push(step.reason);
  };

  const override = openOverride(seen.override, now);
  if (override?.kind === 'pin') {
    const lit = inTheLight(count, current, seen, policy);
    // What it keeps away is known: who waits for workers to stand in learns that they do not come.
    apply(applyOverride(onTop(lit.count, assessment.need, seen).count, override));
    if (lit.reason !== undefined) reasons.push({ ...lit.reason, pinned: true });
  } else {
    if (seen.trigger === 'guard') count = Math.max(count, current);
    apply(stabilize(count, current, memory, now, policy));
    apply(coolDown(count, current, memory, now, policy));
    apply(firstContact(count, current, memory, policy));
    apply(inTheLight(count, current, seen, policy));
    if (running.adopted) count = Math.max(count, current);
    apply(onTop(count, assessment.need, seen));
    apply(applyOverride(count, override));
  }
  apply(duringRollout(count, current, seen, zones));
  apply(atLeastFloor(count, policy));
  apply(atMostCeiling(count, policy));
  if (override?.kind !== 'pin') apply(stepLimited(count, current, policy));
  apply(inWholeAllocations(count, current, zones, policy));
  apply(withinBudget(count, zones, policy));
  if (seen.trigger === 'guard') count = Math.max(count, current);
  apply(frozen(count, current, seen.freezes, now));
  return conclude(seen, policy, running, assessment, count, reasons);
}

/** Never down in the dark: a silent voter keeps the count at least where it is. */
function inTheLight(
  wanted: number,
  current: number,
  seen: Seen,
  policy: Policy,
): { count: number; reason?: SilenceReason } {
  const silent = silence(seen, policy);
  if (silent === null) return { count: wanted };
  const count = Math.max(wanted, current);
  return { count, reason: silenceReason(silent, wanted, count) };
}

/**
 * What a rollout or a drain takes out of service, and workers that run and do not serve, come on top of the need; workers
 * that stand idle count toward it.
 */
function onTop(wanted: number, need: number | null, seen: Seen): Step {
  if (need === null) return { count: wanted };
  const surge = seen.surge ?? 0;
  const ill = toReplace(seen.zones);
  const replaced = replacedOf(ill, need);
  const count = need + surge + replaced;
  if (count <= wanted) return { count: wanted };
  if (replaced === 0) return { count, reason: { code: 'surge', workers: surge, wanted } };
  return { count, reason: { code: 'degraded', workers: ill, replaced, surge, wanted } };
}

/** More than this share of the need is not replaced: where so many are ill, the next ones would be, too. */
const REPLACED = 0.5;
const replacedOf = (ill: number, need: number): number => Math.min(ill, Math.ceil(need * REPLACED));

/** A rollout, a drain or a running deployment forbids cuts, a person's too: what it counts on must stay. */
function duringRollout(wanted: number, current: number, seen: Seen, zones: ZoneSeen[]): Step {
  const blocked = zones.find((zone) => zone.blocked !== null)?.blocked;
  if ((seen.busy !== true && blocked == null) || wanted >= current) return { count: wanted };
  const detail = blocked?.detail ?? 'a rollout or a drain is running';
  return { count: current, reason: { code: 'hold-rollout', wanted, kept: current, detail } };
}

/** Up to whole allocations; down where rounding up would pass the ceiling. */
function inWholeAllocations(wanted: number, current: number, zones: ZoneSeen[], policy: Policy): Step {
  const per = policy.workersPerAllocation;
  if (per === 1 || wanted === current || zones.every((zone) => !zone.up)) return { count: wanted };
  const up = Math.ceil(wanted / per) * per;
  const allowed = up <= policy.ceiling ? up : Math.floor(wanted / per) * per;
  if (allowed === wanted) return { count: wanted };
  return { count: allowed, reason: { code: 'rounded-to-allocation', wanted, allowed, per } };
}

function withinBudget(wanted: number, zones: ZoneSeen[], policy: Policy): Step {
  const allowed = affordable(wanted, zones, policy);
  if (allowed === wanted || policy.budgetPerHour === null) return { count: wanted };
  return {
    count: allowed,
    reason: { code: 'budget-limited', wanted, allowed, budgetPerHour: policy.budgetPerHour },
  };
}

/** Puts the count into zones and says whether anything changes. */
function conclude(
  seen: Seen,
  policy: Policy,
  running: Running,
  assessment: Assessment,
  count: number,
  reasons: Reason[],
): Decision {
  const zones = seen.zones!;
  const before = standing(zones);
  const placement = placementFor(count, seen, zones, policy, reasons);
  const found = total(before);
  // A change of ours that has not reached the cluster yet is taken back by a decision too, or it would still be made.
  const changes = count !== found || count !== running.count || moved(before, placement) > 0;
  const pending = count === running.count && found !== count;
  if (!changes) reasons.push({ code: 'steady', count });
  const again = changes || policy.mode !== 'act' ? null : triedAgain(placement, seen, zones);
  if (again !== null) reasons.push(again.reason);
  const numbers = {
    ...assessment.numbers,
    nodesFrom: nodesOf(before, policy),
    nodesTo: nodesOf(placement, policy),
    costPerHourFrom: costPerHour(before, policy),
    costPerHourTo: costPerHour(placement, policy),
  };
  const { need } = assessment;
  const asked = need === null ? null : need + replacedOf(toReplace(zones), need);
  const base = { placement, numbers, reasons, shortOf: shortOf(asked, count, reasons) };
  if (again?.isNew === true) return { kind: 'scale', from: count, to: count, ...base };
  // A change of ours that is still being carried out is not decided a second time.
  if (!changes || (pending && running.reasons.length === 0)) return { kind: 'hold', at: count, ...base };
  return { kind: 'scale', from: pending ? found : running.count, to: count, ...base };
}

function placementFor(
  count: number,
  seen: Seen,
  zones: ZoneSeen[],
  policy: Policy,
  reasons: Reason[],
): Placement[] {
  const before = standing(zones);
  const down = zones.filter((zone) => !zone.up);
  if (down.length === zones.length || isFrozen(seen.freezes, seen.now)) return before;
  const placement = place(count, zones, policy);
  if (total(placement) !== count && total(before) === count) return before;
  for (const zone of down) {
    if (zone.desired > 0) reasons.push({ code: 'zone-down', zone: zone.zone, moved: zone.desired });
  }
  if (down.length > 0 || count !== total(before)) return placement;
  const shift = moved(before, placement);
  if (shift === 0) return before;
  // The same total in other zones: only a cycle with nothing else going on evens them out.
  if (seen.trigger === 'guard' || seen.busy === true || zones.some((zone) => zone.blocked !== null))
    return before;
  reasons.push({ code: 'rebalanced', moved: shift });
  return placement;
}

/** How far a limit keeps the fleet below its need. */
function shortOf(need: number | null, count: number, reasons: Reason[]): number {
  const limited = reasons.some(
    ({ code }) =>
      code === 'ceiling-limited' ||
      code === 'budget-limited' ||
      code === 'frozen' ||
      code === 'override-ceiling',
  );
  return limited && need !== null ? Math.max(0, need - count) : 0;
}

/** The orchestrator could not be read: nothing is known to change from, so nothing changes. */
function holdBlind(seen: Seen, policy: Policy): Decision {
  const at = seen.memory.desired ?? seen.sample?.ready ?? 0;
  const assessment = assess(seen, policy, at);
  const failed = seen.missing.find(({ what }) => what === 'workers');
  const zones: ZoneSeen[] = policy.zones.map((zone) => ({
    zone,
    up: true,
    desired: 0,
    ready: 0,
    starting: 0,
    draining: 0,
    blocked: null,
  }));
  const placement = place(at, zones, policy);
  const nodes = nodesOf(placement, policy);
  const cost = costPerHour(placement, policy);
  return {
    kind: 'hold',
    at,
    placement,
    shortOf: 0,
    numbers: {
      ...assessment.numbers,
      nodesFrom: nodes,
      nodesTo: nodes,
      costPerHourFrom: cost,
      costPerHourTo: cost,
    },
    reasons: [
      ...assessment.reasons,
      {
        code: 'hold-workers-unknown',
        peer: failed?.peer ?? 'orchestrator',
        why: failed?.why ?? 'no-data',
      },
    ],
  };
}
