/** Builders: a test shows only what matters to its claim. */
import { emptyMemory, learn } from '../../src/core/learn.js';
import type { Memory } from '../../src/core/memory.js';
import type { Freeze, Override, Sample, Seen, ZoneSeen } from '../../src/core/model.js';
import { cycleStart, type Policy, type PolicyInput, policySchema } from '../../src/core/policy.js';

/** Monday 2026-01-05, 12:00 UTC. */
export const NOON = Date.parse('2026-01-05T12:00:00Z');
export const MINUTE = 60_000;

export function aPolicy(changes: Partial<PolicyInput> = {}): Policy {
  return policySchema.parse({
    mode: 'act',
    zones: ['a', 'b'],
    floor: 1,
    ceiling: 1_000,
    firstContactCycles: 0,
    slo: { offHours: 'same' },
    ...changes,
  });
}

export function aSample(changes: Partial<Sample> = {}): Sample {
  return {
    at: NOON,
    requestsPerSecond: 20,
    backlog: 0,
    oldestAgeSeconds: 0,
    p95Seconds: 1,
    ready: null,
    starting: null,
    ...changes,
  };
}

export function aZone(zone: string, desired: number, changes: Partial<ZoneSeen> = {}): ZoneSeen {
  return { zone, up: true, desired, ready: desired, starting: 0, draining: 0, blocked: null, ...changes };
}

/** Steady demand for so many minutes until `until`. */
export function aMemory(
  policy: Policy,
  options: { minutes?: number; rate?: number | ((minute: number) => number | null); until?: number } = {},
): Memory {
  const { minutes = 240, rate = 20, until = NOON } = options;
  let memory = emptyMemory();
  for (let i = minutes - 1; i >= 0; i--) {
    const at = until - i * MINUTE;
    const requestsPerSecond = typeof rate === 'number' ? rate : rate(minutes - 1 - i);
    memory = learn(memory, aSample({ at, requestsPerSecond }), policy);
  }
  return memory;
}

/** A fleet of 20 workers, evenly split, at noon, at 20 requests a second since four hours. */
export function aSeen(changes: Partial<Seen> = {}, policy: Policy = aPolicy()): Seen {
  const now = changes.now ?? NOON;
  const memory = changes.memory ?? aMemory(policy, { until: now });
  return {
    v: 1,
    fleet: 'ocr',
    now,
    cycle: cycleStart(now, policy),
    trigger: 'cycle',
    sample: aSample({ at: now }),
    missing: [],
    zones: [aZone('a', 10), aZone('b', 10)],
    override: null,
    freezes: [],
    ...changes,
    memory,
  };
}

const PERSON = { id: 'slack:U1', name: 'Asha' };

export function anOverride(changes: Partial<Override> = {}): Override {
  return {
    v: 1,
    id: 'o1',
    fleet: 'ocr',
    kind: 'pin',
    workers: 30,
    by: PERSON,
    reason: 'launch',
    at: NOON - MINUTE,
    until: NOON + 60 * MINUTE,
    ...changes,
  };
}

export function aFreeze(changes: Partial<Freeze> = {}): Freeze {
  return {
    v: 1,
    id: 'f1',
    fleet: '*',
    kind: 'all',
    by: PERSON,
    reason: 'incident',
    at: NOON - MINUTE,
    until: NOON + 60 * MINUTE,
    ...changes,
  };
}
