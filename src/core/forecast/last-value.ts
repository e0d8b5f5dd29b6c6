import type { Forecaster } from './forecaster.js';

/** The next cycle is like the last minutes. */
export const lastValue: Forecaster = {
  name: 'last value',
  peak: (state) => state.level?.fast ?? null,
};
