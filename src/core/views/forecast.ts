/** `forecast`: what the next cycle will be sized for, who says so, and how wrong each was lately. */
import type { FleetChart } from '../chart.js';
import type { Forecast } from '../forecast/forecast.js';
import type { Message } from '../message.js';
import type { Millis } from '../model.js';
import { chartParts } from './fleet-chart.js';
import { at, fieldsOf, number, percent, rate, UNKNOWN, workers } from './words.js';

export interface ForecastNow {
  fleet: string;
  /** When the next cycle decides. */
  cycleAt: Millis;
  forecast: Forecast;
  /** Shares that sizing covers: of the minutes right after a start-up, and of cycles' highest minutes. */
  quantiles: { near: number; horizon: number };
  /** Workers that the forecast with its margin needs, before any limit; null while there is no forecast. */
  need: number | null;
  demand: number | null;
  chart: FleetChart;
  timeZone: string;
}

export function forecastMessage(now: ForecastNow): Message {
  const { fleet, forecast, need, cycleAt, quantiles } = now;
  const { expected, high, margin, voters } = forecast;
  const known = expected !== null;
  const first =
    known && need !== null
      ? `${fleet}: a peak of ${rate(expected)} is expected; a cycle now would size for ${rate(high)}, which needs ${workers(need)} before limits.`
      : `${fleet} has seen too little traffic for a forecast.`;
  return {
    summary: first,
    title: `Forecast of ${fleet}`,
    tone: 'info',
    parts: [
      {
        kind: 'text',
        text: [
          `${first} The forecast covers `,
          at(forecast.from),
          ' to ',
          at(forecast.to),
          '. The next cycle decides at ',
          at(cycleAt),
          '.',
        ],
      },
      {
        kind: 'fields',
        fields: fieldsOf([
          ['Demand now', rate(now.demand)],
          ['Forecast peak', rate(expected)],
          ['Margin', known ? `× ${margin.toFixed(2)}` : UNKNOWN],
          ['Sized for', rate(high)],
          ['Quantiles', `${percent(quantiles.near)} of next minutes, ${percent(quantiles.horizon)} of peaks`],
          ['Need by forecast', number(need)],
        ]),
      },
      ...chartParts(now.chart, now.timeZone),
      {
        kind: 'table',
        head: ['Forecaster', 'Forecast', 'Recent error', 'Weight'],
        rows: voters.map((voter) => [
          voter.name,
          rate(voter.forecast),
          percent(voter.error),
          percent(voter.weight),
        ]),
      },
      {
        kind: 'context',
        text: 'Recent error: the mean miss in percent of the peak; who missed less weighs more. Sized for less than the peak: the guard buys the rest just in time. Live demand, backlog and limits count, too.',
      },
    ],
  };
}
