import type { Policy } from './policy.js';

/**
 * A preset is a point on the curve between cost and late requests: a user chooses one instead of tuning ten knobs.
 * thrifty leans on the guard, careful on room bought in advance; balanced aims at 0.3-0.5 % late requests.
 */
export interface Preset {
  /** Share of horizons whose highest minute the cycle decision covers. */
  marginQuantile: number;
  /** Share of requests in time that sizing asks of the steady state; never below the objective's own 95 %. */
  latencyQuantile: number;
  /** A lower need must have persisted this long before a cut. */
  stabilizationSeconds: number;
  /** A backlog that threatens the objective is cleared within this time after the lead. */
  drainSeconds: number;
  guard: {
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
    marginQuantile: 0.85,
    latencyQuantile: 0.95,
    stabilizationSeconds: 0,
    drainSeconds: 180,
    guard: { trend: 0.7, noise: 1, room: 1 },
  },
  balanced: {
    marginQuantile: 0.96,
    latencyQuantile: 0.98,
    stabilizationSeconds: 0,
    drainSeconds: 120,
    guard: { trend: 0.8, noise: 0.5, room: 1.03 },
  },
  careful: {
    marginQuantile: 0.99,
    latencyQuantile: 0.99,
    stabilizationSeconds: 2_400,
    drainSeconds: 60,
    guard: { trend: 1, noise: 0, room: 1.1 },
  },
};

export const presetOf = (policy: Policy): Preset => PRESETS[policy.preset];

/** The stabilization window in force, seconds: the policy's own or the preset's. */
export const stabilizationSeconds = (policy: Policy): number =>
  policy.stabilizationSeconds ?? presetOf(policy).stabilizationSeconds;

/** The quantile follows from the SLO's availability: more nines, more room. 99 % is the preset's own. */
export function marginQuantile(policy: Policy): number {
  const short = 1 - presetOf(policy).marginQuantile;
  const strictness = Math.min(4, Math.max(0.25, (1 - policy.slo.availability) / 0.01));
  return Math.min(0.999, Math.max(0.5, 1 - short * strictness));
}
