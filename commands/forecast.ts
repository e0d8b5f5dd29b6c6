import { forecast as foresee } from '../src/core/forecast/forecast.js';
import { objectiveHolds, workersForRate } from '../src/core/need.js';
import { cycleMs, cycleStart } from '../src/core/policy.js';
import { quantiles } from '../src/core/presets.js';
import { forecastMessage } from '../src/core/views/forecast.js';
import { OperatorError } from '../src/errors.js';
import { knownFleet, short } from './arguments.js';
import { CHART_HOURS, chartOf } from './chart.js';
import { defineVerb } from './command.js';

const usage = 'forecast <fleet> [hours]';
/** Samples are kept for three days. */
const MOST_HOURS = 48;

export const forecast = defineVerb<{ fleet: string; hours: number }>({
  name: 'forecast',
  usage: '<fleet> [hours]',
  summary: `Shows what the next cycle will be sized for and who foresees what, with a chart of the last ${CHART_HOURS} hours or as many as you say.`,
  examples: ['forecast face-match', 'forecast face-match 24'],
  changes: false,
  parse: (words, context) => ({
    fleet: knownFleet(words[0], context, usage),
    hours: hoursOf(words.slice(1)),
  }),
  async run({ fleet, hours }, context) {
    const { reader, fleets, now, by } = context;
    const { policy } = fleets.find((other) => other.name === fleet)!;
    const { memory } = await reader.fleet(fleet);
    if (memory === null) {
      const text = `${fleet} has no sample yet, so there is nothing to forecast from.`;
      return {
        visibility: 'caller',
        message: { summary: text, tone: 'info', parts: [{ kind: 'text', text }] },
      };
    }
    const cycleAt = cycleStart(now, policy) + cycleMs(policy);
    const foreseen = foresee(memory.forecast, now, policy);
    const sample = memory.recent.at(-1) ?? null;
    const inHours = objectiveHolds(policy, now, foreseen.to);
    const message = forecastMessage({
      fleet,
      cycleAt,
      forecast: foreseen,
      quantiles: quantiles(policy),
      need: foreseen.high === null ? null : workersForRate(foreseen.high, { sample }, policy, inHours),
      demand: sample?.requestsPerSecond ?? null,
      chart: await chartOf({ fleet, hours, moment: { at: now, label: 'now' }, memory, policy }, context),
      timeZone: by.timeZone ?? 'UTC',
    });
    return { visibility: 'caller', message };
  },
});

/** '24', '24h' or '24 hours'; none: the usual. */
function hoursOf(words: string[]): number {
  if (words.length === 0) return CHART_HOURS;
  const said = words.join(' ');
  const hours = Number(/^(\d{1,4}) ?(?:h|hours?)?$/i.exec(said)?.[1] ?? Number.NaN);
  if (hours >= 1 && hours <= MOST_HOURS) return hours;
  throw new OperatorError(
    'usage',
    `“${short(said)}” is not a number of hours from 1 to ${MOST_HOURS}.`,
    usage,
  );
}
