/** The chart of a fleet from what the store keeps: `why` and `forecast` show the same. */
import type { FleetChart } from '../src/core/chart.js';
import { type ChartInput, fleetChart } from '../src/core/views/fleet-chart.js';
import type { CommandContext } from './command.js';

/** Hours of history that a chart shows unless somebody asks for others. */
export const CHART_HOURS = 6;
/** Guard decisions come on top of the cycles'; more than this many would not be told apart. */
const MOST_DECISIONS = 400;
const HOUR = 3_600_000;

export async function chartOf(
  about: Omit<ChartInput, 'samples' | 'decisions'>,
  { reader, now }: Pick<CommandContext, 'reader' | 'now'>,
): Promise<FleetChart> {
  const [samples, decisions] = await Promise.all([
    reader.samples(about.fleet, about.moment.at - about.hours * HOUR, now),
    reader.decisions(about.fleet, MOST_DECISIONS),
  ]);
  return fleetChart({ ...about, samples, decisions });
}
