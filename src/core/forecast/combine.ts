/** The forecasters' voices, weighted by their own recent errors at this horizon. */
import type { Forecaster, Horizon } from './forecaster.js';
import { holtWinters } from './holt-winters.js';
import { lastValue } from './last-value.js';
import { medianProfile } from './median-profile.js';
import { correctedYesterday, lastWeek, yesterday } from './seasonal.js';
import { dampedSlope, slope } from './slope.js';
import type { ErrorTrack, ForecastState, Track } from './state.js';

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
  /** What it says before and after its own bias is taken off, requests per second. */
  raw: number | null;
  forecast: number | null;
  /** WAPE at this horizon: recent mean |error| / mean demand. */
  error: number | null;
  weight: number;
}

/** 2 is 1/err^4 in standard deviations: a little sharper than the textbook's 1/err^2 pays on every trace tried. */
const SHARPNESS = 2;
/** Without any errors yet, the forecasters that need no history are believed. */
const UNTRIED: Record<string, number> = { 'last value': 1, 'damped slope': 1 };
/** Errors of so few forecasts say little. */
const TRIED = 6;
/** What is assumed of a forecaster's variance on top of what was seen, in that many observations. */
const PRIOR_VARIANCE = 0.04;
const PRIOR_COUNT = 6;

/**
 * Each forecaster is first corrected by its own bias (none of them foresees the highest minute; they foresee levels),
 * then they are averaged on the logarithmic scale with weights by the variance that remains.
 */
export function vote(
  state: ForecastState,
  past: Track,
  horizon: Horizon,
): { combined: number | null; voters: Voter[] } {
  const voters: Voter[] = [];
  let total = 0;
  let sum = 0;
  for (let i = 0; i < FORECASTERS.length; i++) {
    const { name, peak } = FORECASTERS[i]!;
    const track = past.errors[i];
    const raw = peak(state, horizon);
    const forecast = raw === null ? null : raw * Math.exp(track?.[2] ?? 0);
    const weight = forecast === null ? 0 : weightOf(track);
    voters.push({ name, raw, forecast, error: errorOf(track), weight });
    total += weight;
    if (forecast !== null) sum += weight * Math.log(Math.max(forecast, 1e-3));
  }
  if (total === 0) return untried(voters);
  for (const voter of voters) voter.weight /= total;
  return { combined: Math.exp(sum / total), voters };
}

function weightOf(track: ErrorTrack | undefined): number {
  if (track === undefined) return 0;
  const [, , , variance, count] = track;
  if (count < TRIED) return 0;
  const believed = (variance * count + PRIOR_VARIANCE * PRIOR_COUNT) / (count + PRIOR_COUNT);
  return 1 / (believed + 1e-4) ** SHARPNESS;
}

function untried(voters: Voter[]): { combined: number | null; voters: Voter[] } {
  const believed = voters.filter((voter) => voter.forecast !== null && UNTRIED[voter.name] !== undefined);
  if (believed.length === 0) return { combined: null, voters };
  for (const voter of believed) voter.weight = 1 / believed.length;
  const sum = believed.reduce((all, voter) => all + voter.forecast!, 0);
  return { combined: sum / believed.length, voters };
}

function errorOf(track: ErrorTrack | undefined): number | null {
  if (track === undefined) return null;
  const [absolute, demand] = track;
  return demand === 0 ? null : absolute / demand;
}
