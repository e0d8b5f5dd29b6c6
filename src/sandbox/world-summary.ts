/** What a run over a recorded day came to: said when the trace ends, and shown on the page from then on. */
import type { StoreReader } from '../ports.js';
import type { SimulatedWorld } from './simulated-world.js';

const MOST_DECISIONS = 100_000;

export async function summaryOf(
  simulation: Pick<SimulatedWorld, 'costs' | 'traffic' | 'startsAt' | 'endsAt'>,
  store: Pick<StoreReader, 'decisions'>,
  fleets: string[],
): Promise<string[]> {
  const { sinceStart, staticPeakSinceStart } = simulation.costs();
  const { arrivals, late } = simulation.traffic.totals();
  const hours = ((simulation.endsAt ?? simulation.traffic.now) - simulation.startsAt) / 3_600_000;
  const saved = staticPeakSinceStart > 0 ? 1 - sinceStart / staticPeakSinceStart : 0;
  return [
    `The trace has ended after ${hours.toFixed(1)} hours; the sandbox stays up.`,
    `Cost: ${sinceStart.toFixed(2)} USD, ${percent(Math.abs(saved))} ${saved < 0 ? 'above' : 'below'} fleets sized for their peak (${staticPeakSinceStart.toFixed(2)} USD).`,
    `Requests: ${Math.round(arrivals).toLocaleString('en')} over all fleets, ${percent(arrivals > 0 ? late / arrivals : 0)} of them late.`,
    `Decisions: ${await countDecisions(store, fleets)}.`,
  ];
}

async function countDecisions(store: Pick<StoreReader, 'decisions'>, fleets: string[]): Promise<string> {
  try {
    const kept = (await Promise.all(fleets.map((fleet) => store.decisions(fleet, MOST_DECISIONS)))).flat();
    const changes = kept.filter(({ kind }) => kind === 'scale').length;
    return `${kept.length} kept, ${changes} of them changed a count`;
  } catch {
    return 'not known, Redis does not answer';
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 2 : 0)} %`;
