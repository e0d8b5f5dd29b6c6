/**
 * The number in system as probabilities on a lattice 0, h, 2h … (h = 1 up to 48 workers, then coarser). One sub-step is
 * one implicit Euler step of the birth-death chain with
 *   drift(x) = λ - μ·min(x, k)
 *   spread(x) = λ·ca² + μ·x below k;   from k on λ·ca² + kμ·cs² in overload and kμ + λ·(ca² + cs² - 1) otherwise,
 * which at rest gives Erlang's C for P(wait) and Allen-Cunneen's mean wait.
 */
export interface ChainShape {
  /** Services per second of one worker. */
  mu: number;
  arrivalCv2: number;
  serviceCv2: number;
}

export interface Moments {
  mean: number;
  variance: number;
}

/** Told for arrivals whose wait is known: mean wait and its standard deviation, seconds. */
export type Known = (wait: number, spread: number, count: number) => void;

/** Places at the ends with less than this are given up. */
const TINY = 1e-9;

export function createChain({ mu, arrivalCv2, serviceCv2 }: ChainShape, saved?: unknown) {
  const restored = saved as { h: number; low: number; p: number[] } | undefined;
  let h = restored?.h ?? 1;
  /** Probabilities of the lattice places low, low + 1, … */
  let low = restored?.low ?? 0;
  let p = restored === undefined ? [1] : [...restored.p];
  /** Moments as of the last look, kept because every sub-step asks for them. */
  let seen: Moments | null = null;
  /** The factored step: see `factor`. */
  let inverse = new Float64Array(64);
  let behind = new Float64Array(64);
  let ahead = new Float64Array(64);
  let next = new Float64Array(64);
  /** Arrivals whose waits are not told yet: those served at once, and by the place of the lattice from `metFrom` on. */
  let atOnce = 0;
  let waited = new Float64Array(64);
  let metFrom = 0;
  let metUsed = 0;
  let metReady = 0;

  const moments = (): Moments => {
    if (seen !== null) return seen;
    let mean = 0;
    let square = 0;
    for (let i = 0; i < p.length; i++) {
      const x = (low + i) * h;
      mean += p[i]! * x;
      square += p[i]! * x * x;
    }
    seen = { mean, variance: Math.max(0, square - mean * mean) };
    return seen;
  };

  const regrid = (wanted: number): void => {
    while (h < wanted) {
      const merged: number[] = [];
      const first = Math.floor(low / 2);
      // Each odd place goes half to either even neighbour: mean kept.
      for (let i = 0; i < p.length; i++) {
        const place = low + i;
        const at = place / 2 - first;
        if (place % 2 === 0) merged[at] = (merged[at] ?? 0) + p[i]!;
        else {
          merged[at - 0.5] = (merged[at - 0.5] ?? 0) + p[i]! / 2;
          merged[at + 0.5] = (merged[at + 0.5] ?? 0) + p[i]! / 2;
        }
      }
      p = Array.from(merged, (value) => value ?? 0);
      low = first;
      h *= 2;
    }
    while (h > wanted) {
      const split: number[] = new Array(p.length * 2 - 1).fill(0);
      for (let i = 0; i < p.length; i++) split[2 * i] = p[i]!;
      p = split;
      low *= 2;
      h /= 2;
    }
    seen = null;
  };

  /** Room on both sides so that one sub-step's mass stays on the lattice, and no more. */
  const widen = (seconds: number, rate: number, ready: number): void => {
    const spread = 5 * Math.sqrt((rate * arrivalCv2 + ready * mu) * seconds) + 3 * h;
    const up = Math.max(0, rate - ready * mu) * seconds + spread;
    const down = Math.min((low + p.length) * h, ready) * mu * seconds + spread;
    const from = Math.max(0, low - Math.ceil(down / h));
    const to = low + p.length + Math.ceil(up / h);
    if (next.length < to - from) {
      next = new Float64Array((to - from) * 2);
      ahead = new Float64Array((to - from) * 2);
      behind = new Float64Array((to - from) * 2);
      inverse = new Float64Array((to - from) * 2);
    }
    next.fill(0, 0, to - from);
    for (let i = 0; i < p.length; i++) next[low - from + i] = p[i]!;
    low = from;
    p.length = to - from;
  };

  /** Thomas' algorithm on (I - dt·Gᵀ) next = p, factored once: row i holds -dt·up(i-1), 1 + dt·(up + down)(i), -dt·down(i+1). */
  const factor = (seconds: number, rate: number, ready: number): void => {
    const size = p.length;
    const served = ready * mu;
    let upBefore = 0;
    let upHere = 0;
    let downHere = 0;
    for (let i = 0; i <= size; i++) {
      // What leads out of the lattice's two ends is left out: no mass is near them.
      const x = (low + i) * h;
      const below = x < ready;
      const drift = rate - (below ? x * mu : served);
      let spread = rate * arrivalCv2 + (below ? x * mu : served * serviceCv2);
      if (!below) {
        // Below the capacity this spread, equal at full load, has the tail that light loads really have.
        if (drift < 0) spread = served + rate * (arrivalCv2 + serviceCv2 - 1);
        // Implicit Euler smears a moving mass by drift²·dt by itself; growth is where that would show.
        else spread -= drift * drift * seconds;
      }
      const least = Math.abs(drift) * h;
      if (spread < least) spread = least;
      const up = i >= size - 1 ? 0 : (seconds * (spread / h + drift)) / (2 * h);
      const down = i === 0 || i === size ? 0 : (seconds * (spread / h - drift)) / (2 * h);
      if (i > 0) {
        const lower = i === 1 ? 0 : upBefore;
        const pivot = 1 + upHere + downHere + (i === 1 ? 0 : lower * ahead[i - 2]!);
        inverse[i - 1] = 1 / pivot;
        behind[i - 1] = lower / pivot;
        ahead[i - 1] = -down / pivot;
        upBefore = upHere;
      }
      upHere = up;
      downHere = down;
    }
  };

  const solve = (): void => {
    const size = p.length;
    let value = 0;
    for (let i = 0; i < size; i++) {
      value = next[i]! * inverse[i]! + value * behind[i]!;
      next[i] = value;
    }
    for (let i = size - 2; i >= 0; i--) {
      value = next[i]! - ahead[i]! * value;
      next[i] = value;
    }
  };

  const trim = (): void => {
    const size = p.length;
    let sum = 0;
    for (let i = 0; i < size; i++) sum += next[i]!;
    let first = 0;
    let last = size - 1;
    while (first < last && next[first]! < TINY) first++;
    while (last > first && next[last]! < TINY) last--;
    p.length = last - first + 1;
    for (let i = first; i <= last; i++) p[i - first] = next[i]! / sum;
    low += first;
    seen = null;
  };

  /** Notes at which places of the lattice the arrivals of a sub-step found the queue. */
  const met = (arrivals: number, ready: number): void => {
    if (metUsed === 0) {
      metReady = ready;
      metFrom = Math.max(0, Math.floor((ready - h / 2) / h));
    }
    const used = Math.max(metUsed, low + p.length - metFrom);
    if (waited.length < used) {
      const larger = new Float64Array(used * 2);
      larger.set(waited);
      waited = larger;
    }
    metUsed = used;
    // A coarse place stands for h counts, of which those from k on wait: none up to `free` places, all from `full` on.
    const size = p.length;
    const free = Math.min(size, Math.max(0, Math.floor((ready - h / 2 - 0.5) / h) - low));
    const full = Math.min(size, Math.max(free, Math.ceil((ready + h / 2 - 0.5) / h) + 1 - low));
    for (let i = 0; i < free; i++) atOnce += arrivals * next[i]!;
    for (let i = free; i < full; i++) {
      const count = arrivals * next[i]!;
      const waiting = Math.min(1, Math.max(0, ((low + i) * h - ready + h / 2 + 0.5) / h));
      atOnce += count * (1 - waiting);
      if (waiting > 0) waited[low + i - metFrom] = waited[low + i - metFrom]! + count * waiting;
    }
    const shift = low - metFrom;
    for (let i = full; i < size; i++) waited[i + shift] = waited[i + shift]! + arrivals * next[i]!;
  };

  return {
    moments,
    inSystem: () => moments().mean,

    /** Surely longer than a chain is needed for. */
    isLong(ready: number): boolean {
      if (low * h <= ready * 0.9) return false;
      const { mean, variance } = moments();
      return mean - ready > 4 * Math.sqrt(variance) + 1;
    },

    start({ mean, variance }: Moments): void {
      const deviation = Math.max(Math.sqrt(variance), h);
      const from = Math.max(0, Math.floor((mean - 6 * deviation) / h));
      const to = Math.ceil((mean + 6 * deviation) / h);
      p = [];
      let sum = 0;
      for (let place = from; place <= to; place++) {
        const value = Math.exp(-(((place * h - mean) / deviation) ** 2) / 2);
        p.push(value);
        sum += value;
      }
      p = p.map((value) => value / sum);
      low = from;
      seen = null;
    },

    /** `parts` equal sub-steps under one rate and one number of workers. */
    step(seconds: number, parts: number, rate: number, ready: number, known: Known): void {
      const wanted = ready <= 48 ? 1 : ready <= 192 ? 2 : ready <= 768 ? 4 : 8;
      if (metUsed > 0 && (ready !== metReady || h !== wanted)) this.tell(known);
      if (h !== wanted) regrid(wanted);
      widen(seconds, rate, ready);
      factor(seconds / parts, rate, ready);
      for (let part = 0; part < parts; part++) {
        solve();
        met((rate * seconds) / parts, ready);
      }
      trim();
    },

    /** Tells the waits of the arrivals since the last time. */
    tell(known: Known): void {
      known(0, 0, atOnce);
      atOnce = 0;
      const perSecond = metReady * mu;
      // The first departure is nearer than a whole service when services vary little.
      const residual = (arrivalCv2 + serviceCv2) / 2;
      for (let i = 0; i < metUsed; i++) {
        const count = waited[i]!;
        if (count === 0) continue;
        waited[i] = 0;
        const departures = Math.max((metFrom + i) * h - metReady, 0) + residual + (h - 1) / 2;
        known(departures / perSecond, Math.sqrt(departures * serviceCv2) / perSecond, count);
      }
      metUsed = 0;
    },

    /** Expected queue and the age of its head, by Little's law. */
    queue(ready: number, rate: number): { waiting: number; oldestSeconds: number } {
      let waiting = 0;
      for (let i = 0; i < p.length; i++) waiting += p[i]! * Math.max(0, (low + i) * h - ready);
      // When arrivals have just ceased, the queue is what the workers have not got to yet.
      const flow = Math.max(rate, 0.2 * ready * mu);
      return { waiting, oldestSeconds: waiting < 1e-6 ? 0 : waiting / flow };
    },

    save: () => ({ h, low, p: [...p] }),
  };
}
