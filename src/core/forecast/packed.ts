/**
 * Rows of positive numbers in a short string, two characters each, on a logarithmic scale (steps of 0.6 %), because a
 * fleet's whole history travels with every decision. 0 is kept exactly, '--' is an unknown value.
 */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.';
const CODE = new Int16Array(128).fill(-1);
for (let i = 0; i < 64; i++) CODE[ALPHABET.charCodeAt(i)] = i;

const LEAST = 1e-4;
const STEP = 0.006;
const LEVELS = 64 * 64 - 1;

export function unknownRow(length: number): string {
  return '--'.repeat(length);
}

export function valueAt(row: string, index: number): number | null {
  const high = CODE[row.charCodeAt(2 * index)] ?? -1;
  const low = CODE[row.charCodeAt(2 * index + 1)] ?? -1;
  if (high < 0 || low < 0) return null;
  const level = high * 64 + low;
  return level === 0 ? 0 : LEAST * Math.exp((level - 1) * STEP);
}

/** The row with some of its values replaced; null makes one unknown. */
export function withValue(row: string, index: number, value: number | null): string {
  return row.slice(0, 2 * index) + pack(value) + row.slice(2 * index + 2);
}

export function pack(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '--';
  const level = value < LEAST ? 0 : Math.min(LEVELS, 1 + Math.round(Math.log(value / LEAST) / STEP));
  return ALPHABET[level >> 6]! + ALPHABET[level & 63]!;
}
