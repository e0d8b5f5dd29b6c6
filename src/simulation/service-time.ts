/** The service time's distribution, tabulated once: gamma by mean and coefficient of variation (0: constant, 1: exponential). */
export interface ServiceTime {
  meanSeconds: number;
  cv: number;
  /** P(S <= t). */
  atMost(seconds: number): number;
}

const STEPS_PER_MEAN = 200;

export function createServiceTime(meanSeconds: number, cv: number): ServiceTime {
  if (cv < 0.01) return { meanSeconds, cv, atMost: (t) => (t >= meanSeconds ? 1 : 0) };
  const shape = 1 / (cv * cv);
  const spread = Math.max(6, 1 + 14 * cv);
  const size = Math.ceil(spread * STEPS_PER_MEAN);
  const table = new Float64Array(size + 2);
  for (let i = 0; i <= size + 1; i++) table[i] = gammaCdf(shape, (i / STEPS_PER_MEAN) * shape);
  const perSecond = STEPS_PER_MEAN / meanSeconds;
  return {
    meanSeconds,
    cv,
    atMost(seconds) {
      if (seconds <= 0) return 0;
      const place = seconds * perSecond;
      const index = Math.floor(place);
      if (index >= size) return 1;
      const low = table[index]!;
      return low + (table[index + 1]! - low) * (place - index);
    },
  };
}

/** Regularised lower incomplete gamma P(shape, x): series below shape + 1, continued fraction above (Numerical Recipes 6.2). */
export function gammaCdf(shape: number, x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(-x + shape * Math.log(x) - logGamma(shape));
  if (x < shape + 1) {
    let term = 1 / shape;
    let sum = term;
    for (let n = 1; n < 500 && term > sum * 1e-14; n++) {
      term *= x / (shape + n);
      sum += term;
    }
    return Math.min(1, sum * front);
  }
  let b = x + 1 - shape;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 500; n++) {
    const a = -n * (n - shape);
    b += 2;
    d = 1 / nonZero(a * d + b);
    c = nonZero(b + a / c);
    const change = d * c;
    h *= change;
    if (Math.abs(change - 1) < 1e-14) break;
  }
  return Math.max(0, 1 - front * h);
}

const nonZero = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);

/** Lanczos, g = 7, nine terms. */
function logGamma(x: number): number {
  const c = LANCZOS;
  const t = x + 6.5;
  let sum = c[0]!;
  for (let i = 1; i < 9; i++) sum += c[i]! / (x - 1 + i);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
