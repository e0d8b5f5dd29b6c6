import type { Policy } from './policy.js';

/**
 * A preset is a point on the curve between cost and late requests: a user chooses one instead of tuning ten knobs.
 * thrifty leans on the guard, careful on room bought in advance; balanced is meant for 0.3-0.8 % late requests.
 */
export interface Preset {
  /** What all requests of a cycle being late is worth, in costs of that cycle's workers; the margin follows from it. */
  latePrice: number;
  /** Share of requests in time that sizing asks of the steady state; never below the objective's own 95 %. */
  latencyQuantile: number;
  /** A lower need must have persisted this long before a cut. */
  stabilizationSeconds: number;
  /** A backlog that threatens the objective is cleared within this time after the lead. */
  drainSeconds: number;
  guard: {
    /** Share of the minutes right after the lead whose highest the guard is ready for. */
    quantile: number;
    /** Share of the recent trend that is projected over the start-up lead. */
    trend: number;
    /** Standard deviations of counting noise that a minute must exceed before it is believed. */
    noise: number;
    /** Factor on what the guard asks for when it does raise. */
    room: number;
  };
}

const PRESETS: Record<Policy['preset'], Preset> = {
  thrifty: {
    latePrice: 3,
    latencyQuantile: 0.95,
    stabilizationSeconds: 1_200,
    drainSeconds: 300,
    guard: { quantile: 0.75, trend: 0.3, noise: 2, room: 1.02 },
  },
  balanced: {
    latePrice: 5,
    latencyQuantile: 0.95,
    stabilizationSeconds: 1_200,
    drainSeconds: 240,
    guard: { quantile: 0.78, trend: 0.4, noise: 2, room: 1.04 },
  },
  careful: {
    latePrice: 20,
    latencyQuantile: 0.98,
    stabilizationSeconds: 2_400,
    drainSeconds: 60,
    guard: { quantile: 0.9, trend: 0.8, noise: 1, room: 1.05 },
  },
};

export const presetOf = (policy: Policy): Preset => PRESETS[policy.preset];

/** The stabilization window in force, seconds: the policy's own or the preset's. */
export const stabilizationSeconds = (policy: Policy): number =>
  policy.stabilizationSeconds ?? presetOf(policy).stabilizationSeconds;

/** The price follows from the SLO's availability: 99 % is the preset's own, one more nine makes it four times as dear at most. */
export function latePrice(policy: Policy): number {
  const strictness = Math.min(4, Math.max(0.25, 0.01 / (1 - policy.slo.availability)));
  return presetOf(policy).latePrice * strictness;
}
