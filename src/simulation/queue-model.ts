/**
 * The FIFO queue of one fleet without drawing a single request: the probability of each number in system moves through
 * time as a birth-death chain whose drift is (arrivals - service) and whose spread is that of a G/G/k queue in heavy
 * traffic. At rest it is Erlang C with the Allen-Cunneen waiting time; under ramps, bursts and changing worker counts it
 * carries the backlog over. A long backlog is followed as a fluid with a normal spread, first in first out, so that
 * workers who arrive while requests wait shorten those waits.
 *
 *          queue surely long                     queue nearly gone
 *   chain  ----------------->  fluid     fluid  ------------------>  chain
 *
 * Sources: Kimura, "Approximations for multi-server queues", 1994; Halfin and Whitt 1981 for the diffusion.
 */
import { createChain } from './queue-chain.js';
import { createFluid } from './queue-fluid.js';
import { createServiceTime } from './service-time.js';
import {
  addWait,
  clearWaits,
  emptyWaits,
  mergeWaits,
  responseQuantile,
  restoreWaits,
  saveWaits,
  type WaitHistogram,
} from './wait-histogram.js';

export interface QueueSpec {
  serviceSeconds: number;
  serviceCv: number;
  /** A response later than this is late. */
  objectiveSeconds: number;
  /** Squared coefficient of variation of the time between arrivals; 1 is Poisson. */
  arrivalCv2?: number;
  /** Longest sub-step; 2 when absent. A coarser one is cheaper and smears bursts that are shorter. */
  subStepSeconds?: number;
}

export interface QueueStep {
  seconds: number;
  /** Expected requests that arrive within the step, evenly. */
  arrivals: number;
  /** Workers that serve during the step. */
  ready: number;
}

/** Expected values; fractions of requests are meant. */
export interface QueueSeen {
  arrivals: number;
  /** Served to the end within the step. */
  completed: number;
  /** Of the requests whose fate became known in this step, how many are late. */
  lateCount: number;
  /** Waiting, those in service not counted, at the end of the step. */
  backlog: number;
  /** How long the first waiting request has waited. */
  oldestAgeSeconds: number;
}

export interface QueueWindow {
  requests: number;
  lateShare: number | null;
  p95Seconds: number | null;
}

export interface QueueTotals {
  arrivals: number;
  completed: number;
  /** Late ones, those still unserved counted as late. */
  late: number;
  p95Seconds: number | null;
  p99Seconds: number | null;
}

export interface QueueModel {
  /** Workers that serve count from the beginning of the step on. */
  step(step: QueueStep): QueueSeen;
  /** What became known over the last `seconds`, at most 300, in whole buckets of 20 s. */
  window(seconds: number): QueueWindow;
  totals(): QueueTotals;
  /** Late ones among those whose fate is known: cheap. */
  lateSoFar(): number;
  save(): unknown;
}

const BUCKET_SECONDS = 20;
const BUCKETS = 15;
/** Longest sub-step: below the time in which a burst can fill the objective. */
const SUB_STEP_SECONDS = 2;

export function createQueueModel(spec: QueueSpec, saved?: unknown): QueueModel {
  const service = createServiceTime(spec.serviceSeconds, spec.serviceCv);
  const serviceCv2 = spec.serviceCv ** 2;
  const longest = spec.subStepSeconds ?? SUB_STEP_SECONDS;
  const shape = {
    mu: 1 / spec.serviceSeconds,
    arrivalCv2: spec.arrivalCv2 ?? 1,
    serviceCv2,
  };
  const state = saved === undefined ? emptyState() : restoreState(saved as SavedState);
  const chain = createChain(shape, state.chain);
  const fluid = createFluid(shape, state.fluid);
  let fluidMode = state.fluidMode;
  /** What a window adds up. */
  const scratch = emptyWaits();

  const known = (wait: number, spread: number, count: number): void => {
    const bucket = state.buckets[state.bucket]!;
    if (spread > 1e-3 * spec.serviceSeconds) {
      knownAt(bucket, wait + spread, count / 2);
      knownAt(bucket, Math.max(0, wait - spread), count / 2);
    } else knownAt(bucket, wait, count);
  };
  const knownAt = (bucket: Bucket, wait: number, count: number): void => {
    addWait(bucket.waits, wait, count);
    bucket.late += count * (1 - service.atMost(spec.objectiveSeconds - wait));
  };
  /** The number of seconds that a bucket still takes; a full one gives way to the oldest. */
  const room = (): number => {
    if (state.filled > BUCKET_SECONDS - 1e-6) {
      chain.tell(known);
      state.bucket = (state.bucket + 1) % BUCKETS;
      state.filled = 0;
      const bucket = state.buckets[state.bucket]!;
      mergeWaits(state.all, bucket.waits);
      state.late += bucket.late;
      clearWaits(bucket.waits);
      bucket.late = 0;
    }
    return BUCKET_SECONDS - state.filled;
  };

  /** Moves by at most `seconds` and says by how many. */
  const advance = (seconds: number, rate: number, ready: number): number => {
    if (!fluidMode && (ready === 0 || chain.isLong(ready))) {
      fluidMode = true;
      chain.tell(known);
      fluid.start(chain.moments(), ready);
    }
    if (!fluidMode) {
      const parts = Math.ceil(seconds / longest - 1e-9);
      fluid.remember(seconds, parts, rate);
      chain.step(seconds, parts, rate, ready, known);
      return seconds;
    }
    const part = Math.min(seconds, longest);
    fluid.step(part, rate, ready, known);
    if (ready > 0 && fluid.isShort(ready)) {
      fluidMode = false;
      chain.start(fluid.end(ready, known));
    }
    return part;
  };

  const lateNow = (): number => state.buckets.reduce((sum, bucket) => sum + bucket.late, state.late);
  const inSystem = (): number => (fluidMode ? fluid.inSystem() : chain.inSystem());

  return {
    step({ seconds, arrivals, ready }) {
      const before = { late: lateNow(), inSystem: inSystem() };
      let rest = seconds;
      while (rest > 1e-9) {
        const part = advance(Math.min(rest, room()), arrivals / seconds, ready);
        state.filled += part;
        rest -= part;
      }
      chain.tell(known);
      state.arrivals += arrivals;
      const after = fluidMode ? fluid.queue(ready) : chain.queue(ready, arrivals / seconds);
      return {
        arrivals,
        completed: Math.max(0, before.inSystem + arrivals - inSystem()),
        lateCount: lateNow() - before.late,
        backlog: after.waiting,
        oldestAgeSeconds: after.oldestSeconds,
      };
    },
    window(seconds) {
      const wanted = Math.min(BUCKETS, Math.ceil((seconds - state.filled) / BUCKET_SECONDS) + 1);
      clearWaits(scratch);
      const waits = scratch;
      let late = 0;
      for (let back = 0; back < wanted; back++) {
        const bucket = state.buckets[(state.bucket + BUCKETS - back) % BUCKETS]!;
        mergeWaits(waits, bucket.waits);
        late += bucket.late;
      }
      return {
        requests: waits.total,
        lateShare: waits.total > 1e-9 ? late / waits.total : null,
        p95Seconds: responseQuantile(waits, service, 0.95),
      };
    },
    totals() {
      const waits = emptyWaits();
      mergeWaits(waits, state.all);
      for (const bucket of state.buckets) mergeWaits(waits, bucket.waits);
      const unserved = fluidMode ? fluid.unknown() : 0;
      // What nobody has served by now is late and later than every quantile of interest.
      if (unserved > 0) addWait(waits, fluid.oldestSeconds() + spec.objectiveSeconds, unserved);
      return {
        arrivals: state.arrivals,
        completed: Math.max(0, state.arrivals - inSystem()),
        late: lateNow() + unserved,
        p95Seconds: responseQuantile(waits, service, 0.95),
        p99Seconds: responseQuantile(waits, service, 0.99),
      };
    },
    lateSoFar: lateNow,
    save: () => ({
      v: 1,
      fluidMode,
      chain: chain.save(),
      fluid: fluid.save(),
      buckets: state.buckets.map((bucket) => ({ waits: saveWaits(bucket.waits), late: bucket.late })),
      bucket: state.bucket,
      filled: state.filled,
      all: saveWaits(state.all),
      late: state.late,
      arrivals: state.arrivals,
    }),
  };
}

interface Bucket {
  waits: WaitHistogram;
  late: number;
}

interface SavedState {
  v: 1;
  fluidMode: boolean;
  chain: unknown;
  fluid: unknown;
  buckets: { waits: number[][]; late: number }[];
  bucket: number;
  filled: number;
  all: number[][];
  late: number;
  arrivals: number;
}

function emptyState() {
  return {
    fluidMode: false,
    chain: undefined as unknown,
    fluid: undefined as unknown,
    buckets: Array.from({ length: BUCKETS }, (): Bucket => ({ waits: emptyWaits(), late: 0 })),
    bucket: 0,
    filled: 0,
    all: emptyWaits(),
    late: 0,
    arrivals: 0,
  };
}

function restoreState(saved: SavedState): ReturnType<typeof emptyState> {
  return {
    ...saved,
    buckets: saved.buckets.map((bucket) => ({ waits: restoreWaits(bucket.waits), late: bucket.late })),
    all: restoreWaits(saved.all),
  };
}
