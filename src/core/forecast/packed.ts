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

/** Ratios around 1 need one character each: steps of 3 % from 0.4 to 2.6; a space is unknown. */
const RATIO_STEP = 0.03;
const LEAST_RATIO = 0.4;

/** The ratio that each level stands for. */
export const RATIO_LEVELS: readonly number[] = Array.from(
  { length: 64 },
  (_, level) => LEAST_RATIO * Math.exp(level * RATIO_STEP),
);

/** Level of the ratio at a place; -1 where it is unknown. */
export const ratioLevelAt = (row: string, index: number): number => CODE[row.charCodeAt(index)] ?? -1;

export function withRatio(row: string, index: number, ratio: number): string {
  const level = Math.round(Math.log(Math.max(ratio, 1e-9) / LEAST_RATIO) / RATIO_STEP);
  return row.slice(0, index) + ALPHABET[Math.min(63, Math.max(0, level))]! + row.slice(index + 1);
}
