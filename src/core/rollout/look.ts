/** Questions that a rollout asks of what it sees. */
import type { Millis } from '../model.js';
import type { Policy } from '../policy.js';
import type { WorkerImage } from './images.js';
import type { NodeLine, Pause, RolloutSeen, RolloutState } from './state.js';

/** Still there and not told to stop. */
export const live = (seen: RolloutSeen): WorkerImage[] =>
  seen.images.workers.filter((one) => one.state !== 'stopping');

export const withImage = (seen: RolloutSeen, image: string): WorkerImage[] =>
  live(seen).filter((one) => one.image === image);

export const withoutImage = (seen: RolloutSeen, image: string): WorkerImage[] =>
  live(seen).filter((one) => one.image !== image);

export const sizeOf = (workers: WorkerImage[]): number => workers.reduce((sum, one) => sum + one.workers, 0);

/** Told to stop, or asked for and not there yet: they will come up with the zone's image. */
export function onTheWay(seen: RolloutSeen, only?: string): number {
  const zones = seen.zones.filter(({ zone }) => only === undefined || zone === only);
  const missing = zones.reduce((sum, zone) => {
    const here = live(seen).filter((one) => one.zone === zone.zone && one.state !== 'starting');
    return sum + Math.max(0, (zone.up ? zone.desired : 0) - sizeOf(here));
  }, 0);
  return missing;
}

/** Workers come or go just now. One that is missing while none does may never come: no node has room for it. */
export const isMoving = (seen: RolloutSeen): boolean =>
  seen.images.workers.some((one) => one.state === 'starting' || one.state === 'stopping');

/** Held zones with fewer workers than were asked for, apart from failed ones that are still there. */
export const lacking = (seen: RolloutSeen): string[] =>
  seen.zones
    .filter((zone) => zone.up && isHeld(zone.zone, seen))
    .filter((zone) => sizeOf(live(seen).filter((one) => one.zone === zone.zone)) < zone.desired)
    .map((zone) => zone.zone);

/** Nodes that a maintenance is emptying: their workers leave by themselves, and what stands in for them is not spare. */
export const leaving = (seen: RolloutSeen): string[] =>
  (seen.maintained ?? []).filter((node) => live(seen).some((one) => one.node === node));

export const readyNow = (seen: RolloutSeen): number =>
  sizeOf(live(seen).filter((one) => one.state === 'ready'));

/** The need; null when it is not known: without the demand of these minutes, what was foreseen may be too little. */
export const knownNeed = (seen: RolloutSeen): number | null =>
  seen.missing.some(({ what }) => what === 'demand') ? null : seen.need;

/** Workers that may be taken out of service now without going below the need; 0 when the need is not known. */
export function headroom(seen: RolloutSeen): number {
  const need = knownNeed(seen);
  return need === null ? 0 : Math.max(0, readyNow(seen) - (seen.ill ?? 0) - need);
}

/** Most workers of one image-to-be-replaced on one node. */
export function largestNode(workers: WorkerImage[]): number {
  const perNode = new Map<string, number>();
  for (const one of workers) perNode.set(one.node, (perNode.get(one.node) ?? 0) + one.workers);
  return Math.max(0, ...perNode.values());
}

/** Of the newest three known minutes two were above the objective. */
export function breach(seen: RolloutSeen, policy: Policy): number | null {
  const newest = seen.recent.slice(-3).flatMap((sample) => sample.p95Seconds ?? []);
  const above = newest.filter((p95) => p95 > policy.slo.p95Seconds);
  return above.length >= 2 ? Math.max(...above) : null;
}

/** A person went on in spite of it, not long ago. */
export const isTolerated = (state: RolloutState, now: Millis, why: Pause['why'][]): boolean =>
  state.tolerateUntil !== null &&
  now < state.tolerateUntil &&
  (state.tolerated === undefined || why.includes(state.tolerated));

/** Why nothing new may begin now; null: it may. Person's pauses are not made here. */
export function pauseOf(state: RolloutState, seen: RolloutSeen, now: Millis, policy: Policy): Pause | null {
  const freeze = seen.freezes.find((one) => one.kind === 'all');
  if (freeze !== undefined) {
    const { by, reason, until } = freeze;
    return { why: 'freeze', at: now, by: by.name, reason, until };
  }
  if (state.phase === 'rolling-back' || state.phase === 'plan' || state.phase === 'pre-pull') return null;
  const gap = seen.missing.find(({ what }) => what !== 'saturation');
  if (gap !== undefined || seen.need === null) {
    const what = gap === undefined ? 'the need is not known yet' : `${gap.what} (${gap.peer}: ${gap.why})`;
    return { why: 'metrics-missing', at: now, what };
  }
  if (isTolerated(state, now, ['slo-breach'])) return null;
  const p95Seconds = breach(seen, policy);
  if (p95Seconds === null) return null;
  return { why: 'slo-breach', at: now, p95Seconds, objectiveSeconds: policy.slo.p95Seconds };
}

/** These end with their cause; a breach only while nobody's worker was touched. */
export const liftsItself = (pause: Pause, state: RolloutState): boolean =>
  pause.why === 'freeze' || pause.why === 'metrics-missing' || (pause.why === 'slo-breach' && !state.touched);

export const isOldOn = (node: string, image: string, seen: RolloutSeen): boolean =>
  withoutImage(seen, image).some((one) => one.node === node);

export const isHeld = (zone: string, seen: RolloutSeen): boolean =>
  seen.images.zones.some((one) => one.zone === zone && one.held);

/** A zone in which nothing can be begun now. A version of somebody else's that failed is in nobody's way. */
export const blockedZone = (seen: RolloutSeen): { zone: string; detail: string } | null => {
  for (const { zone, blocked } of seen.zones)
    if (blocked !== null && blocked.kind !== 'bad-version' && !isHeld(zone, seen))
      return { zone, detail: blocked.detail };
  return null;
};

export const zoneOf = (node: string, seen: RolloutSeen): string | null =>
  seen.images.workers.find((one) => one.node === node)?.zone ?? null;

export const names = (seen: RolloutSeen, nodes: string[]): string[] =>
  nodes.map((id) => seen.nodes.find((node) => node.id === id)?.name ?? id);

/** A line per node that runs workers of the fleet, or could. */
export function linesOf(state: RolloutState, seen: RolloutSeen): NodeLine[] {
  const wanted = state.phase === 'rolling-back' || state.phase === 'rolled-back' ? state.from : state.image;
  return seen.nodes
    .filter((node) => node.status === 'ready')
    .map((node) => {
      const here = seen.images.workers.filter((one) => one.node === node.id && one.state !== 'stopping');
      const right = here.filter((one) => one.image === wanted);
      const pulled = seen.prepulled.find((one) => one.node === node.id);
      return {
        id: node.id,
        name: node.name,
        zone: node.zone,
        done: sizeOf(right.filter((one) => one.state === 'ready')),
        workers: sizeOf(here),
        state: stateOf(),
      };

      function stateOf(): NodeLine['state'] {
        if (here.some((one) => one.image === state.image && one.state === 'failed')) return 'failed';
        if (state.current.includes(node.id) || right.some((one) => one.state === 'starting'))
          return state.touched ? 'updating' : 'waiting';
        if (here.length > 0 && right.length === here.length && state.touched) return 'updated';
        if (pulled?.state === 'failed') return 'pull-failed';
        if (pulled?.state === 'pulling') return 'pulling';
        return pulled?.state === 'present' ? 'pulled' : 'waiting';
      }
    });
}
