/** Do others stand in for the node's workers? From the newest decision since the fence and what became of it. */
import type { DecisionSummary, Millis } from '../model.js';
import type { Reason } from '../reasons.js';
import type { Asked, MaintenanceSeen, MaintenanceState, Wait } from './state.js';

export type Cover =
  | { kind: 'yes' }
  | { kind: 'pending'; waitsFor: Wait; ask: boolean }
  | { kind: 'no'; why: Extract<Asked['why'], 'capacity' | 'limits' | 'in-the-dark'>; detail: string | null };

/** A decision that does not come so soon is asked for again. */
const ASK_AGAIN_MS = 60_000;

export function coverOf(state: MaintenanceState, seen: MaintenanceSeen, now: Millis): Cover {
  const { latest, desired, zones, policy } = seen;
  const waited = now - state.phaseAt;
  if (latest === null || latest.at < state.phaseAt)
    return { kind: 'pending', waitsFor: 'evaluation', ask: waited >= ASK_AGAIN_MS };
  const limit = latest.reasons.find(limits);
  if (limit !== undefined) return { kind: 'no', why: 'limits', detail: limit.code };
  // Nobody knows the need, so nobody knows what would be left.
  if (isBlind(latest)) return { kind: 'no', why: 'in-the-dark', detail: null };
  const lacking = seen.group?.problem ?? null;
  const moving = desired?.status === 'planned' || desired?.status === 'applying';
  if (desired?.status === 'failed' && desired.at >= state.phaseAt)
    return { kind: 'no', why: 'capacity', detail: lacking ?? desired.note };
  const patience = (3 * policy.startupSeconds + 120) * 1_000;
  if (moving && (lacking !== null || waited > patience))
    return { kind: 'no', why: 'capacity', detail: lacking ?? desired.note };
  const up = zones.filter((zone) => zone.up);
  const unready = up.reduce((sum, zone) => sum + Math.max(0, zone.desired - zone.ready), 0);
  // The orchestrator is asked only for what fits: what the decision wanted counts.
  const ready = up.reduce((sum, zone) => sum + zone.ready, 0);
  const missing = Math.max(unready, latest.to - ready);
  if (!moving && missing > 0 && waited > patience) return { kind: 'no', why: 'capacity', detail: lacking };
  if (moving || missing > 0) return { kind: 'pending', waitsFor: 'workers', ask: false };
  if (up.some((zone) => zone.blocked !== null))
    return { kind: 'pending', waitsFor: 'deployment', ask: false };
  return { kind: 'yes' };
}

/** A person's or a policy's bound keeps the extra workers away. */
function limits(reason: Reason): boolean {
  switch (reason.code) {
    case 'ceiling-limited':
    case 'budget-limited':
      return reason.allowed < reason.wanted;
    case 'override-pin':
    case 'override-ceiling':
      return reason.workers < reason.wanted;
    case 'frozen':
      return reason.kept < reason.wanted;
    default:
      return false;
  }
}

const isBlind = ({ reasons }: DecisionSummary): boolean =>
  reasons.some(({ code }) => code === 'hold-metrics-missing' || code === 'hold-workers-unknown');
