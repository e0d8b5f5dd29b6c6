/**
 * What the simulated cluster costs: VMs that exist times their price, added up over time; beside it what a fleet that is
 * always sized for the peak would have cost over the same time. Nodes, not workers: a VM is paid whole.
 */
import type { Millis } from '../core/model.js';

const HOUR_MS = 3_600_000;

export interface SavedCosts {
  at: Millis;
  sinceStart: number;
  staticPeakSinceStart: number;
}

export interface Costs {
  /** Money per hour right now. */
  perHour: number;
  sinceStart: number;
  staticPeakSinceStart: number;
}

export interface CostMeter {
  /** Adds the time since the last call at what was running meanwhile. */
  advance(to: Millis, perHour: number): void;
  costs(): Costs;
  save(): SavedCosts;
}

/** `staticPeakPerHour`: what the peak-sized fleets cost an hour. */
export function createCostMeter(
  start: { at: Millis; perHour: number; staticPeakPerHour: number },
  saved: SavedCosts | null = null,
): CostMeter {
  let state: SavedCosts = saved ?? { at: start.at, sinceStart: 0, staticPeakSinceStart: 0 };
  let perHour = start.perHour;
  return {
    advance: (to, now) => {
      const hours = Math.max(0, to - state.at) / HOUR_MS;
      state = {
        at: Math.max(to, state.at),
        sinceStart: state.sinceStart + perHour * hours,
        staticPeakSinceStart: state.staticPeakSinceStart + start.staticPeakPerHour * hours,
      };
      perHour = now;
    },
    costs: () => ({
      perHour: round(perHour),
      sinceStart: round(state.sinceStart),
      staticPeakSinceStart: round(state.staticPeakSinceStart),
    }),
    save: () => state,
  };
}

/** VMs that `workers` need when the zones share them odd-even. */
export function nodesFor(workers: number, zones: number, slotsPerNode: number): number {
  const least = Math.floor(workers / zones);
  const more = workers % zones;
  return more * Math.ceil((least + 1) / slotsPerNode) + (zones - more) * Math.ceil(least / slotsPerNode);
}

const round = (money: number): number => Math.round(money * 10_000) / 10_000;
