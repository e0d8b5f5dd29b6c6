import { z } from 'zod';

/**
 * A fleet's policy: every knob that `decide` reads, with its default and unit. muster.yml is parsed into this;
 * docs/CONFIGURATION.md has a row per knob, and a test holds the two equal.
 */
const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

export const timeZone = z
  .string()
  .refine(isTimeZone, { message: 'must be an IANA time zone such as Asia/Kolkata' });
const clock = z.string().regex(/^([01]\d|2[0-4]):[0-5]\d$/, 'must be a time such as 08:00');
const positive = z.number().positive();
const count = z.number().int().min(0);
const seconds = z.number().min(0);

export const scheduledFloor = z.strictObject({
  /** Five fields: minute hour day-of-month month day-of-week. */
  cron: z.string().regex(/^\S+(\s+\S+){4}$/, 'must be a cron line of five fields such as "0 8 * * 1-5"'),
  durationSeconds: positive.max(7 * 86_400),
  timeZone: timeZone.default('UTC'),
  floor: z.number().int().min(1),
});

export const policySchema = z.strictObject({
  /** 'advise' decides and posts what it would have done; 'act' does it. */
  mode: z.enum(['advise', 'act']).default('advise'),
  preset: z.enum(['thrifty', 'balanced', 'careful']).default('balanced'),
  cycleSeconds: z.number().int().min(60).max(86_400).default(1_200),
  /** Shift of the cycle's grid; the composition root sets it from the fleet's name. */
  cycleOffsetSeconds: seconds.default(0),
  /** From asking for a worker until it serves, nodes included. */
  startupSeconds: seconds.max(86_400).default(180),
  serviceSeconds: positive.default(0.6),
  /** Coefficient of variation of the service time (standard deviation / mean). */
  serviceCv: z.number().min(0).max(10).default(0.5),
  slo: z
    .strictObject({
      p95Seconds: positive.default(3),
      availability: z.number().gt(0).lt(1).default(0.99),
      /** Business hours; absent means always. */
      hours: z
        .strictObject({
          from: clock.default('08:00'),
          to: clock.default('22:00'),
          timeZone: timeZone.default('UTC'),
        })
        .optional(),
      /** Outside the hours: 'same' keeps the objective, a number keeps that many workers a zone at the least and drops the objective. */
      offHours: z
        .union([z.literal('same'), z.strictObject({ workersPerZone: count.default(1) })])
        .default({ workersPerZone: 1 }),
    })
    .prefault({}),
  zones: z.array(z.string().min(1)).min(1).max(8),
  slotsPerNode: z.number().int().min(1).default(1),
  workersPerAllocation: z.number().int().min(1).default(1),
  nodePricePerHour: z.number().min(0).default(0),
  currency: z.string().length(3).default('USD'),
  floor: count.default(2),
  ceiling: z.number().int().min(1).default(100),
  /** Largest raise and cut of one decision; null is no limit. */
  stepUp: z.number().int().min(1).nullable().default(null),
  stepDown: z.number().int().min(1).nullable().default(null),
  budgetPerHour: positive.nullable().default(null),
  schedule: z.array(scheduledFloor).default([]),
  /** A lower need must have persisted this long before a cut; null: the preset's. */
  stabilizationSeconds: seconds.nullable().default(null),
  /** No cut this soon after a raise. */
  cooldownSeconds: seconds.default(0),
  /** A sample older than this is stale. */
  staleSeconds: positive.default(180),
  zoneLossTolerant: z.boolean().default(false),
  /** What to do about a count that somebody else changed. */
  onForeignChange: z.enum(['adopt', 'restore']).default('adopt'),
  /** No cut before this many complete cycles of samples after first contact. */
  firstContactCycles: count.default(3),
});

export type Policy = z.output<typeof policySchema>;
export type PolicyInput = z.input<typeof policySchema>;
export type ScheduledFloor = z.output<typeof scheduledFloor>;

/** How old a number may be, ms of Muster time: the knob, and 2 s of machine time in which it is read and judged. */
export const staleMs = (policy: Policy, speed: number): number => policy.staleSeconds * 1_000 + 2_000 * speed;

export const cycleMs = (policy: Policy): number => policy.cycleSeconds * 1_000;

/** Clocks of replicas differ by less; what lies further ahead was written by a clock that was wrong. */
export const CLOCK_TOLERANCE_MS = 3_600_000;

/**
 * Whether the cycle that began at `cycle` has its decision. A newest one that lies far ahead of `now` was made by a clock
 * that was wrong, and says nothing.
 */
export const isDecided = (lastCycle: number | null, cycle: number, now: number): boolean =>
  lastCycle !== null && lastCycle >= cycle && lastCycle <= now + CLOCK_TOLERANCE_MS;

/** Nominal start of the cycle that `at` lies in: a UTC multiple of the cycle plus the fleet's offset. */
export function cycleStart(at: number, policy: Policy): number {
  const length = cycleMs(policy);
  const offset = policy.cycleOffsetSeconds * 1_000;
  return Math.floor((at - offset) / length) * length + offset;
}
