/**
 * The gamma distribution's CDF: the shape used for service times of a given mean and variability.
 * Series and continued fraction as in Abramowitz & Stegun 6.5.29 and 6.5.31.
 */
export function gammaCdf(x: number, mean: number, cv: number): number {
  if (x <= 0) return 0;
  if (cv < 0.02) return x >= mean ? 1 : 0;
  const shape = 1 / (cv * cv);
  return lowerRegularized(shape, (x * shape) / mean);
}

function lowerRegularized(a: number, x: number): number {
  const front = Math.exp(a * Math.log(x) - x - lnGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 2_000 && term > sum * 1e-13; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.min(1, sum * front);
  }
  // Lentz's method for the upper tail.
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 2_000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b || 1e-300);
    c = b + an / c || 1e-300;
    const delta = d * c;
    h *= delta;
    if (Math.abs(delta - 1) < 1e-13) break;
  }
  return Math.max(0, 1 - front * h);
}

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];

function lnGamma(z: number): number {
  if (z < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * z)) - lnGamma(1 - z);
  const x = z - 1;
  let sum = 0.9999999999998099;
  LANCZOS.forEach((g, i) => {
    sum += g / (x + i + 1);
  });
  const t = x + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (x + 0.5) * Math.log(t) - t + Math.log(sum);
}
