/** The forecasters' voices, weighted by their own recent errors at this horizon. */
import type { Forecaster, Horizon } from './forecaster.js';
import { holtWinters } from './holt-winters.js';
import { lastValue } from './last-value.js';
import { medianProfile } from './median-profile.js';
import { correctedYesterday, lastWeek, yesterday } from './seasonal.js';
import { dampedSlope, slope } from './slope.js';
import type { ErrorTrack, ForecastState } from './state.js';

/** Their order is part of the stored state: new ones go to the end. */
export const FORECASTERS: readonly Forecaster[] = [
  lastValue,
  slope,
  dampedSlope,
  yesterday,
  correctedYesterday,
  medianProfile,
  holtWinters,
  lastWeek,
];

export interface Voter {
  name: string;
  forecast: number | null;
  /** WAPE at this horizon: recent mean |error| / mean demand. */
  error: number | null;
  weight: number;
}

/** How much sharper than 1/err^2 the better forecaster is preferred. */
const SHARPNESS = 2;
/** Without any errors yet, the forecasters that need no history are believed. */
const UNTRIED: Record<string, number> = { 'last value': 1, 'damped slope': 1 };
/** Errors of so few forecasts say little. */
const TRIED = 6;

export function vote(state: ForecastState, horizon: Horizon): { combined: number | null; voters: Voter[] } {
  const voters = FORECASTERS.map((forecaster, i): Voter => {
    const track = state.errors[i];
    return {
      name: forecaster.name,
      forecast: forecaster.peak(state, horizon),
      error: errorOf(track),
      weight: track !== undefined && track.count >= TRIED ? 1 / (track.square + 1e-9) ** (SHARPNESS / 1) : 0,
    };
  });
  if (voters.every((voter) => voter.forecast === null || voter.weight === 0)) {
    for (const voter of voters) voter.weight = UNTRIED[voter.name] ?? 0;
  }
  let total = 0;
  let sum = 0;
  for (const voter of voters) {
    if (voter.forecast === null) voter.weight = 0;
    total += voter.weight;
    sum += voter.weight * (voter.forecast ?? 0);
  }
  if (total === 0) return { combined: null, voters };
  for (const voter of voters) voter.weight /= total;
  return { combined: sum / total, voters };
}

function errorOf(track: ErrorTrack | undefined): number | null {
  return track === undefined || track.count === 0 || track.demand === 0
    ? null
    : track.absolute / track.demand;
}
