import { type Forecaster, highest } from './forecaster.js';
import { daysBefore, rateAt } from './history.js';
import { levelRatio } from './seasonal.js';

const DAYS = [1, 2, 3, 4, 5];

/** The median shape of the last five days at the level of today: one odd day does not show. */
export const medianProfile: Forecaster = {
  name: 'median of days',
  peak: (state, horizon) => {
    const days = DAYS.flatMap((day) => {
      const ratio = levelRatio(state, horizon.now, day);
      return ratio === null ? [] : [{ day, ratio }];
    });
    if (days.length < 2) return null;
    return highest(horizon, (at) =>
      median(
        days.flatMap(({ day, ratio }) => {
          const rate = rateAt(state, daysBefore(at, day, horizon.now));
          return rate === null ? [] : [rate * ratio];
        }),
      ),
    );
  },
};

function median(values: number[]): number | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
}
