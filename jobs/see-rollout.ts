/** Looks at the world as a rollout needs it: images and nodes, and the numbers that say whether it may go on. */
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { assess } from '../src/core/assess.js';
import { type FleetHealth, servesNothing } from '../src/core/health/state.js';
import { emptyMemory } from '../src/core/learn.js';
import type { Millis, Seen } from '../src/core/model.js';
import { cycleStart } from '../src/core/policy.js';
import type { FleetImages, WorkerImage } from '../src/core/rollout/images.js';
import type { RolloutSeen, RolloutState } from '../src/core/rollout/state.js';
import { valleyOf } from '../src/core/rollout/valley.js';
import type { FleetState, RolloutReader } from '../src/ports.js';
import { nodesOut, storedHealth } from '../src/symptoms.js';
import { type Look, look, openFreezes, seenOf } from './look.js';

const LOG_LINES = 12;

export async function seeRollout(
  fleet: FleetConfig,
  rollout: RolloutState,
  rollouts: RolloutReader,
  context: JobContext,
): Promise<RolloutSeen> {
  const target = fleet.orchestrator;
  const now = context.clock.now();
  const [state, looked, nodes, found, prepulled] = await Promise.all([
    context.store.fleet(fleet.name),
    look(fleet, context),
    context.orchestrator.nodes(target),
    rollouts.images(target),
    rollouts.prepulled(target, rollout.image),
  ]);
  const zones = looked.zones ?? (await context.orchestrator.zones(target));
  const seen = seenNow(fleet, looked, state, now, context.clock.speed);
  const total = zones.reduce((sum, zone) => sum + zone.desired, 0);
  const need = state.memory === null ? null : assess(seen, fleet.policy, total).need;
  const { images, ill } = withHealth(found, rollout.image, await storedHealth(fleet, now, context.store));
  const failed = images.workers.find((one) => one.image === rollout.image && isInTrouble(one, rollout, now));
  return {
    nodes,
    zones,
    images,
    prepulled,
    lastHealthy: rollout.phase === 'plan' ? await rollouts.lastHealthy(target, rollout.image) : null,
    recent: state.memory?.recent ?? [],
    missing: looked.missing,
    ...(ill === 0 ? {} : { ill }),
    need,
    valleyAt: need === null ? null : valleyOf(fleet.policy, seen, need),
    freezes: openFreezes(state.freezes, now),
    maintained: await nodesOut(fleet.name, context.store),
    applying: seen.applying === true,
    log: failed === undefined ? null : await tail(fleet, failed.id, rollouts, context),
  };
}

/** Failed, or still not up after a while: its log says what it waits for. */
const HANGS_MS = 300_000;
const isInTrouble = ({ state }: WorkerImage, { currentSince }: RolloutState, now: Millis): boolean =>
  state === 'failed' || (state === 'starting' && currentSince !== null && now - currentSince > HANGS_MS);

/**
 * A new worker that says of itself that it does not serve is not ready, and a failure once that lasts. An old one stays
 * what it is, for the way back leads to it, but counts as no capacity.
 */
export function withHealth(
  images: FleetImages,
  image: string,
  health: FleetHealth | null,
): { images: FleetImages; ill: number } {
  const bad = (health?.ill ?? []).filter(servesNothing);
  let ill = 0;
  const workers = images.workers.map((one): WorkerImage => {
    const own = bad.filter(({ worker }) => worker === one.id);
    const [worst] = own.sort((a, b) => Number(b.confirmed) - Number(a.confirmed));
    if (worst === undefined || one.state !== 'ready') return one;
    if (one.image === image)
      return { ...one, state: worst.confirmed ? 'failed' : 'starting', ill: worst.illness };
    ill += Math.min(own.length, one.workers);
    return one;
  });
  return { images: { ...images, workers }, ill };
}

function seenNow(fleet: FleetConfig, looked: Look, state: FleetState, now: Millis, speed: number): Seen {
  const cycle = cycleStart(now, fleet.policy);
  const memory = state.memory ?? emptyMemory();
  return seenOf(fleet, looked, state, memory, { now, cycle, trigger: 'cycle', speed });
}

/** The reason of a failure is worth a try, and never a failure of its own. */
async function tail(
  fleet: FleetConfig,
  workerId: string,
  rollouts: RolloutReader,
  context: JobContext,
): Promise<string | null> {
  try {
    return await rollouts.logTail(fleet.orchestrator, workerId, LOG_LINES);
  } catch (error) {
    context.log.warn({ fleet: fleet.name, error }, 'the log of a failed worker could not be read');
    return null;
  }
}
