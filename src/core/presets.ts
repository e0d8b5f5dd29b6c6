import type { Policy } from './policy.js';

/**
 * A preset is a point on the curve between cost and late requests: a user chooses one instead of tuning ten knobs.
 * thrifty and balanced buy workers just before they are needed and differ in the room they keep; careful buys most of
 * the next cycle's peak in advance.
 */
export interface Preset {
  /** Share of the minutes right after a start-up whose demand is covered by what a cycle keeps and a raise buys. */
  near: number;
  /** The guard raises when what was asked for covers less than this share of them. Below `near`, so that it does not flap. */
  guard: number;
  /** Share of past horizons whose highest minute the cycle decision covers at once. */
  horizon: number;
  /** The near forecast's margin is at least this factor: smooth traffic hides how high it can jump. */
  room: number;
  /** Share of requests in time that sizing asks of the steady state; never below the objective's own 95 %. */
  latencyQuantile: number;
  /** A lower need must have persisted this long before a cut. */
  stabilizationSeconds: number;
  /** A backlog that threatens the objective is cleared within this time after the lead. */
  drainSeconds: number;
}

const PRESETS: Record<Policy['preset'], Preset> = {
  thrifty: {
    near: 0.97,
    guard: 0.958,
    horizon: 0.03,
    room: 1,
    latencyQuantile: 0.95,
    stabilizationSeconds: 0,
    drainSeconds: 300,
  },
  balanced: {
    near: 0.9855,
    guard: 0.98,
    horizon: 0.05,
    room: 1.03,
    latencyQuantile: 0.95,
    stabilizationSeconds: 0,
    drainSeconds: 300,
  },
  careful: {
    near: 0.997,
    guard: 0.99,
    horizon: 0.8,
    room: 1.1,
    latencyQuantile: 0.98,
    stabilizationSeconds: 1_200,
    drainSeconds: 120,
  },
};

export const presetOf = (policy: Policy): Preset => PRESETS[policy.preset];

/** The stabilization window in force, seconds: the policy's own or the preset's. */
export const stabilizationSeconds = (policy: Policy): number =>
  policy.stabilizationSeconds ?? presetOf(policy).stabilizationSeconds;

/**
 * The quantiles in force follow from the SLO's availability: 99 % is the preset's own, a service that may be late ten
 * times less often is allowed a fourth of the misses.
 */
export function quantiles(policy: Policy): Pick<Preset, 'near' | 'guard' | 'horizon' | 'room'> {
  const { near, guard, horizon, room } = presetOf(policy);
  const strictness = Math.min(4, Math.max(0.25, (1 - policy.slo.availability) / 0.01));
  const stricter = (quantile: number): number =>
    Math.min(0.9995, Math.max(0.5, 1 - (1 - quantile) * strictness));
  return { near: stricter(near), guard: stricter(guard), horizon, room };
}
