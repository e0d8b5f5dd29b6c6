/**
 * Looks at one fleet: everything a decision may depend on, read at once. A peer that does not answer becomes a named
 * gap, never a zero and never an exception: the decision must be able to say who was silent.
 */
import type { JobContext } from '../src/app.js';
import type { FleetConfig } from '../src/config.js';
import { type FleetHealth, servesNothing } from '../src/core/health/state.js';
import { emptyMemory, learn } from '../src/core/learn.js';
import type { Memory } from '../src/core/memory.js';
import type {
  DesiredState,
  Freeze,
  Millis,
  Missing,
  Sample,
  Seen,
  Trigger,
  ZoneSeen,
} from '../src/core/model.js';
import { staleMs } from '../src/core/policy.js';
import { OutsideError } from '../src/errors.js';
import type { DemandSeen, FleetState } from '../src/ports.js';
import { storedHealth } from '../src/symptoms.js';

const MINUTE = 60_000;

export interface Look {
  sample: Sample;
  missing: Missing[];
  zones: ZoneSeen[] | null;
}

/** `health`: what workers say of themselves; else what was stored of it lately. It never throws. */
export async function look(
  fleet: FleetConfig,
  context: JobContext,
  health: Promise<FleetHealth | null> = storedHealth(fleet, context.clock.now(), context.store),
): Promise<Look> {
  const now = context.clock.now();
  const missing: Missing[] = [];
  const ask = async <T>(
    what: Missing['what'],
    peer: string,
    question: Promise<T> | null,
  ): Promise<T | null> => {
    if (question === null) return null;
    try {
      const answer = await bySoon(
        question.then((said) => ({ said })),
        context,
      );
      if (answer === null) throw slow(peer);
      return answer.said;
    } catch (error) {
      const outside = error instanceof OutsideError ? error : null;
      if (outside === null)
        context.log.error({ error, fleet: fleet.name, peer }, 'an adapter threw something unexpected');
      missing.push({ what, peer: outside?.peer ?? peer, why: whyOf(outside) });
      context.meter.peerFailed(outside?.peer ?? peer, whyOf(outside));
      return null;
    }
  };
  const [demand, latency, saturation, placed, said] = await Promise.all([
    ask('demand', fleet.demand.kind, context.demand.demand(fleet.demand)),
    ask('latency', 'prometheus', fleet.latency === null ? null : context.gauge.gauge(fleet.latency.p95)),
    ask(
      'saturation',
      'prometheus',
      fleet.saturation === null ? null : context.gauge.gauge(fleet.saturation.query),
    ),
    ask('workers', fleet.orchestrator.kind, context.orchestrator.zones(fleet.orchestrator)),
    bySoon(health, context),
  ]);
  const zones = placed === null ? null : withDegraded(placed, await stillThere(said, fleet, context));
  const oldest = now - staleMs(fleet.policy, context.clock.speed);
  const fresh = freshDemand(demand, fleet, oldest, missing);
  const value = <T extends { at: Millis; value: number }>(
    what: Missing['what'],
    gauge: T | null,
  ): number | null => {
    if (gauge === null) return null;
    if (gauge.at >= oldest) return gauge.value;
    missing.push({ what, peer: 'prometheus', why: 'stale' });
    return null;
  };
  const sample: Sample = {
    at: Math.floor(now / MINUTE) * MINUTE,
    requestsPerSecond: fresh?.requestsPerSecond ?? null,
    backlog: fresh?.backlog ?? null,
    oldestAgeSeconds: fresh?.oldestAgeSeconds ?? null,
    p95Seconds: value('latency', latency),
    ready: zones === null ? null : sum(zones, (zone) => zone.ready),
    starting: zones === null ? null : sum(zones, (zone) => zone.starting),
    ...(fleet.saturation === null ? {} : { saturation: value('saturation', saturation) }),
  };
  return { sample, missing, zones };
}

const slow = (peer: string): OutsideError =>
  new OutsideError(peer, 'look at the fleet', 'too slow for a decision in time', {
    ...{ class: 'retry', why: 'timeout' },
  });

/**
 * The answer, or null when it did not come soon. Each request has its own limit, but an answer may take several: what is
 * late all in all is a gap as well, so that the time that is left of the run is enough to decide.
 */
export function bySoon<T>(answer: Promise<T>, { soon }: Pick<JobContext, 'soon'>): Promise<T | null> {
  if (soon === undefined) return answer;
  return new Promise<T | null>((resolve, reject) => {
    const goOn = () => resolve(null);
    if (soon.aborted) goOn();
    soon.addEventListener('abort', goOn, { once: true });
    answer.then(resolve, reject).finally(() => soon.removeEventListener('abort', goOn));
  });
}

/** Without those that were recycled since they were asked: their successors are starting, and count as such. */
async function stillThere(
  health: FleetHealth | null,
  fleet: FleetConfig,
  context: JobContext,
): Promise<FleetHealth['degraded']> {
  if (health === null || health.degraded.length === 0) return [];
  const asked = context.orchestrator.workers(fleet.orchestrator);
  const workers = await bySoon(asked, context).catch((error: unknown) => {
    if (error instanceof OutsideError) return null;
    throw error;
  });
  const ready = new Set((workers ?? []).filter(({ state }) => state === 'ready').map(({ id }) => id));
  const gone = health.ill.filter((one) => servesNothing(one) && workers !== null && !ready.has(one.worker));
  return health.degraded.map(({ zone, workers: ill }) => ({
    zone,
    workers: ill - gone.filter((one) => one.zone === zone).length,
  }));
}

/** A zone's ready workers, and how many of them do not serve. */
function withDegraded(zones: ZoneSeen[], degraded: FleetHealth['degraded']): ZoneSeen[] {
  return zones.map((zone) => {
    const ill = degraded.find((one) => one.zone === zone.zone)?.workers ?? 0;
    return ill <= 0 ? zone : { ...zone, degraded: Math.min(ill, zone.ready) };
  });
}

/** What the demand source said, unless it is too old or says nothing yet; both are named gaps. */
function freshDemand(
  demand: DemandSeen | null,
  fleet: FleetConfig,
  oldest: Millis,
  missing: Missing[],
): DemandSeen | null {
  if (demand === null) return null;
  if (demand.at !== null && demand.at < oldest) {
    missing.push({ what: 'demand', peer: fleet.demand.kind, why: 'stale' });
    return null;
  }
  if (demand.requestsPerSecond === null)
    missing.push({ what: 'demand', peer: fleet.demand.kind, why: 'no-data' });
  return demand;
}

/** Learns the sample and keeps it; on a race with another writer it reads again. Null: the store kept changing. */
export async function keep(
  fleet: FleetConfig,
  sample: Sample,
  context: JobContext,
): Promise<{ state: FleetState; memory: Memory; isNew: boolean } | null> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const state = await context.store.fleet(fleet.name);
    const before = state.memory ?? emptyMemory();
    const memory = learn(before, sample, fleet.policy);
    if (memory.rev === before.rev) return { state, memory, isNew: false };
    const kept = await context.store.keepSample(fleet.name, sample, memory, before.rev);
    if (kept === 'stored') return { state: { ...state, memory }, memory, isNew: true };
    if (kept === 'duplicate') return { state, memory: before, isNew: false };
  }
  return null;
}

export function seenOf(
  fleet: FleetConfig,
  looked: Look,
  state: FleetState,
  memory: Memory,
  ask: { now: Millis; cycle: Millis; trigger: Trigger; speed: number },
): Seen {
  return {
    v: 1,
    fleet: fleet.name,
    ...ask,
    sample: looked.sample,
    missing: looked.missing,
    sources: {
      demand: fleet.demand.kind,
      latency: fleet.latency?.kind ?? null,
      saturation: fleet.saturation?.kind ?? null,
    },
    zones: looked.zones,
    memory,
    override: state.override !== null && state.override.until > ask.now ? state.override : null,
    freezes: openFreezes(state.freezes, ask.now),
    ...(state.holds.length === 0
      ? {}
      : { busy: true, surge: state.holds.reduce((most, hold) => most + hold.surge, 0) }),
    ...progressOf(state.desired),
  };
}

function progressOf(desired: DesiredState | null): Pick<Seen, 'applying' | 'last'> {
  if (desired === null) return { applying: false };
  const { status, placement, from } = desired;
  if (status === 'planned' || status === 'applying') return { applying: true };
  return { applying: false, last: { placement, from, status } };
}

/**
 * People set, changed or ended something that no decision has seen yet: it is on its way, or whoever stored it died, or lost
 * Redis, before a decision was asked for. By the fleet's version, not by times: those are of many machines.
 */
export const isUnheard = ({ memory, version }: FleetState): boolean =>
  memory?.decidedVersion !== undefined && version > memory.decidedVersion;

export const openFreezes = (freezes: Freeze[], now: Millis): Freeze[] =>
  freezes.filter((freeze) => freeze.until > now);

const sum = <T>(list: T[], of: (item: T) => number): number =>
  list.reduce((total, item) => total + of(item), 0);

function whyOf(error: OutsideError | null): Missing['why'] {
  if (error === null) return 'error';
  return error.why === 'rate-limited' ? 'error' : error.why;
}
