import { gammaCdf } from './gamma.js';

/**
 * Load -> workers that keep the latency objective.
 *
 * The queue is G/G/k: waits have the tail P(W > t) = C e^(-theta t), with Erlang's C for the chance of waiting and
 * theta = 2 (k mu - lambda) / (ca^2 + cs^2) (Allen-Cunneen, Kimura). A response is that wait plus a service time
 * that follows a gamma distribution of the given mean and cv; for cv = 1 and Poisson arrivals this is the exact M/M/k.
 */
export interface Load {
  requestsPerSecond: number;
  serviceSeconds: number;
  /** Standard deviation / mean of the service time. */
  serviceCv: number;
  /** Squared coefficient of variation of the gaps between arrivals; 1 is Poisson. */
  arrivalScv?: number;
}

export interface SizingQuestion extends Load {
  objectiveSeconds: number;
  /** The share of requests that must be in time, 0.95 for a p95 objective. */
  quantile: number;
}

/**
 * Fewest workers for which P(response > objective) <= 1 - quantile in the steady state; 0 for no load. When service
 * alone misses the objective too often, waiting is kept from adding more than one point in a hundred to that.
 */
export function workersFor(question: SizingQuestion): number {
  const { requestsPerSecond, serviceSeconds, serviceCv, objectiveSeconds, quantile } = question;
  if (!(requestsPerSecond > 0)) return 0;
  const load = requestsPerSecond * serviceSeconds;
  // Beyond any real fleet the square-root rule is exact enough, and its cost does not grow.
  if (load > 1e6) return Math.ceil(load + 2 * Math.sqrt(load));
  const cells = serviceCells(serviceSeconds, serviceCv, objectiveSeconds);
  const allowed = Math.max(1 - quantile, cells.beyond + 0.01);
  const spread = waitSpread(question);
  let k = Math.max(1, Math.floor(load) + 1);
  let blocking = erlangB(k, load);
  while (tailOf(k, load, blocking, serviceSeconds, spread, cells, objectiveSeconds) > allowed) {
    k += 1;
    blocking = (load * blocking) / (k + load * blocking);
  }
  return k;
}

/** P(response > seconds) in the steady state with k workers; 1 when they cannot carry the load. */
export function latencyTail(load: Load, k: number, seconds: number): number {
  const { requestsPerSecond, serviceSeconds, serviceCv } = load;
  const cells = serviceCells(serviceSeconds, serviceCv, seconds);
  const erlangs = requestsPerSecond * serviceSeconds;
  if (!(erlangs > 0)) return cells.beyond;
  if (k <= erlangs) return 1;
  return tailOf(k, erlangs, erlangB(k, erlangs), serviceSeconds, waitSpread(load), cells, seconds);
}

/** Erlang C: the chance that an arrival waits, M/M/k at `load` erlangs; 1 when k cannot carry the load. */
export function erlangC(k: number, load: number): number {
  if (k <= load) return 1;
  return waitChance(k, load, erlangB(k, load));
}

/**
 * Erlang B by its recursion B(i) = a B(i-1) / (i + a B(i-1)). Far below the load B(i) is 1 - i/a and the recursion
 * forgets its start at the rate exp(-n^2 / 2a), so it begins 9 sqrt(a) below the load: cheap for 10,000 workers too.
 */
function erlangB(k: number, load: number): number {
  const start = Math.max(0, Math.min(k, Math.floor(load - 9 * Math.sqrt(load)) - 1));
  let blocking = start === 0 ? 1 : 1 - start / load;
  for (let i = start + 1; i <= k; i++) blocking = (load * blocking) / (i + load * blocking);
  return blocking;
}

function waitChance(k: number, load: number, blocking: number): number {
  const utilisation = load / k;
  return blocking / (1 - utilisation * (1 - blocking));
}

const waitSpread = (load: Load): number =>
  Math.max(0.02, ((load.arrivalScv ?? 1) + load.serviceCv * load.serviceCv) / 2);

function tailOf(
  k: number,
  load: number,
  blocking: number,
  serviceSeconds: number,
  spread: number,
  cells: ServiceCells,
  seconds: number,
): number {
  if (k <= load) return 1;
  const theta = (k - load) / serviceSeconds / spread;
  const half = (theta * cells.width) / 2;
  // The mean of e^(theta s) over a cell, relative to its middle.
  const lift = half < 1e-6 ? 1 : half > 30 ? Math.exp(half) / (2 * half) : Math.sinh(half) / half;
  let late = 0;
  for (let i = 0; i < cells.weights.length; i++) {
    const weight = cells.weights[i]!;
    if (weight > 0) {
      const left = seconds - (i + 0.5) * cells.width;
      late += weight * Math.min(1, Math.exp(-theta * left) * lift);
    }
  }
  return cells.beyond + waitChance(k, load, blocking) * late;
}

interface ServiceCells {
  width: number;
  /** Chance that service ends in each cell of [0, seconds]. */
  weights: Float64Array;
  /** Chance that service alone takes longer. */
  beyond: number;
}

/** A table is a pure function of its key; the few in use are kept because every decision asks for the same ones. */
const tables = new Map<string, ServiceCells>();
const MOST_TABLES = 64;
const CELLS = 48;

function serviceCells(mean: number, cv: number, seconds: number): ServiceCells {
  const key = `${mean}/${cv}/${seconds}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const width = seconds / CELLS;
  const weights = new Float64Array(CELLS);
  let below = 0;
  for (let i = 0; i < CELLS; i++) {
    const upTo = gammaCdf((i + 1) * width, mean, cv);
    weights[i] = Math.max(0, upTo - below);
    below = upTo;
  }
  const made = { width, weights, beyond: Math.max(0, 1 - below) };
  if (tables.size >= MOST_TABLES) tables.clear();
  tables.set(key, made);
  return made;
}
