/**
 * Who may begin. One node of a fleet at a time, unless the notices leave no time for that: then a second one begins when
 * nothing moves any more, and only when waiting even for that would be too late, two move at once. Of several, the one
 * whose hour comes first; of those with the same hour, the one with the fewest workers: the least harm first.
 */
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import { isOut, LEAD_MS, type MaintenanceState, neededMs, type Turn } from './state.js';

export interface Entry {
  id: string;
  state: MaintenanceState;
  /** On the node now. */
  workers: number;
}

/** From the hour of a stop until the VM serves again, as a rule. */
const AWAY_MS = 20 * 60_000;
const MOVING = new Set(['fencing', 'surging', 'draining']);

/** `all`: the fleet's open maintenances, `own` among them. `rollout`: one has begun to replace workers. */
export function turnOf(own: Entry, all: Entry[], rollout: boolean, policy: Policy, now: Millis): Turn {
  const others = all.filter(({ id }) => id !== own.id);
  const queue = all.filter((each) => each.state.phase === 'waiting' && isDue(each, policy, now)).sort(order);
  if (!isDue(own, policy, now)) return 'later';
  if (queue[0]?.id !== own.id) return 'turn';
  const latest = latestStart(queue, policy);
  const isLast = own.state.deadlineAt !== null && own.state.deadlineAt - neededMs(own.workers, policy) <= now;
  if (isLast) return 'go';
  if (rollout) return 'rollout';
  if (others.some(({ state }) => MOVING.has(state.phase))) return 'turn';
  const out = others.filter(({ state }) => isOut(state));
  if (out.length === 0 || own.state.wish?.kind === 'fix') return 'go';
  const backAt = Math.max(...out.map(({ state }) => Math.max(now, state.deadlineAt ?? now) + AWAY_MS));
  return latest < backAt ? 'go' : 'turn';
}

function isDue({ state, workers }: Entry, policy: Policy, now: Millis): boolean {
  if (state.wish?.kind === 'fix' || state.deadlineAt === null) return true;
  return now >= state.deadlineAt - Math.max(LEAD_MS, 2 * neededMs(workers, policy));
}

/** The latest moment at which the first may begin so that all in the queue, one after the other, are done in time. */
function latestStart(queue: Entry[], policy: Policy): Millis {
  let latest = Number.POSITIVE_INFINITY;
  let before = 0;
  for (const { state, workers } of queue) {
    before += neededMs(workers, policy);
    if (state.deadlineAt !== null) latest = Math.min(latest, state.deadlineAt - before);
  }
  return latest;
}

function order(a: Entry, b: Entry): number {
  const at = (entry: Entry) => entry.state.deadlineAt ?? Number.POSITIVE_INFINITY;
  const byHour = at(a) === at(b) ? 0 : at(a) - at(b);
  return byHour || a.workers - b.workers || (a.id < b.id ? -1 : 1);
}
