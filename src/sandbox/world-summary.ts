/** What a run over a recorded day came to: said when the trace ends, and shown on the page from then on. */
import type { SimulatedWorld } from './simulated-world.js';

export function summaryOf(
  simulation: Pick<SimulatedWorld, 'costs' | 'traffic' | 'startsAt' | 'endsAt'>,
  decisions: string,
): string[] {
  const { sinceStart, staticPeakSinceStart } = simulation.costs();
  const { arrivals, late } = simulation.traffic.totals();
  const hours = ((simulation.endsAt ?? simulation.traffic.now) - simulation.startsAt) / 3_600_000;
  const saved = staticPeakSinceStart > 0 ? 1 - sinceStart / staticPeakSinceStart : 0;
  const share = arrivals > 0 ? late / arrivals : 0;
  return [
    `The trace has ended after ${hours.toFixed(1)} hours; the sandbox stays up.`,
    `Cost: ${sinceStart.toFixed(2)} USD, ${percent(saved)} below fleets sized for their peak (${staticPeakSinceStart.toFixed(2)} USD).`,
    `Requests: ${Math.round(arrivals).toLocaleString('en')} over all fleets, ${percent(share)} of them late.`,
    `Decisions: ${decisions}.`,
  ];
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 2 : 0)} %`;
