/**
 * Chance from a seed: the same seed gives the same draws on every machine. The state is plain JSON, so that a saved
 * world goes on with the very draw it would have made.
 */
export interface RandomState {
  a: number;
  b: number;
  c: number;
  d: number;
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Whole number in [0, below). */
  int(below: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Standard normal. */
  normal(): number;
  exponential(mean: number): number;
  poisson(mean: number): number;
  /** Gamma by its mean and coefficient of variation; cv 0 is the mean itself, cv 1 the exponential. */
  gamma(mean: number, cv: number): number;
  /** Lognormal by its mean and coefficient of variation. */
  lognormal(mean: number, cv: number): number;
  save(): RandomState;
}

/** sfc32 (Chris Doty-Humphrey's small fast counter): 128 bits of state, passes PractRand. */
export function createRandom(seed: number | RandomState): Random {
  let { a, b, c, d } = typeof seed === 'number' ? seeded(seed) : seed;

  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  if (typeof seed === 'number') for (let i = 0; i < 15; i++) next();

  const normal = (): number => {
    // Box-Muller without the kept twin, so that the state is the four words alone.
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    return radius * Math.cos(2 * Math.PI * next());
  };
  const exponential = (mean: number): number => -mean * Math.log(1 - next());

  const poisson = (mean: number): number => {
    if (!(mean > 0)) return 0;
    // Above 60 the normal with continuity correction is within the noise of any count we compare.
    if (mean > 60) return Math.max(0, Math.floor(mean + Math.sqrt(mean) * normal() + 0.5));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = next(); product > limit; product *= next()) count++;
    return count;
  };

  // Marsaglia and Tsang, "A simple method for generating gamma variables", 2000; shape >= 1.
  const gammaShape = (shape: number): number => {
    if (shape < 1) return gammaShape(shape + 1) * (1 - next()) ** (1 / shape);
    const base = shape - 1 / 3;
    const factor = 1 / Math.sqrt(9 * base);
    for (;;) {
      const x = normal();
      const v = (1 + factor * x) ** 3;
      if (v <= 0) continue;
      if (Math.log(1 - next()) < 0.5 * x * x + base - base * v + base * Math.log(v)) return base * v;
    }
  };

  return {
    next,
    int: (below) => Math.floor(next() * below),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)]!,
    normal,
    exponential,
    poisson,
    gamma(mean, cv) {
      if (cv <= 0) return mean;
      if (cv === 1) return exponential(mean);
      const shape = 1 / (cv * cv);
      return (gammaShape(shape) / shape) * mean;
    },
    lognormal(mean, cv) {
      const variance = Math.log(1 + cv * cv);
      return mean * Math.exp(Math.sqrt(variance) * normal() - variance / 2);
    },
    save: () => ({ a, b, c, d }),
  };
}

/** A number in [0, 1) that depends on the seed and the keys alone: chance as a pure function of place. */
export function hashed(seed: number, ...keys: number[]): number {
  let h = mix(seed | 0);
  for (const key of keys) h = mix(h ^ mix(Math.imul(key | 0, 0x9e3779b1) ^ Math.floor(key / 4_294_967_296)));
  return (h >>> 0) / 4_294_967_296;
}

/** A seed of one's own for a named part of a world, so that parts do not share draws. */
export function seedFor(seed: number, name: string): number {
  let h = mix(seed | 0);
  for (let i = 0; i < name.length; i++) h = mix(h ^ name.charCodeAt(i));
  return h >>> 0;
}

// The finaliser of MurmurHash3.
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function seeded(seed: number): RandomState {
  return { a: mix(seed), b: mix(seed + 0x6d2b79f5), c: mix(seed + 0x1b873593), d: 1 };
}
