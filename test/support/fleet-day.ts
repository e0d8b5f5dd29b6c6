import { decide } from '../../src/core/decide.js';
import { emptyMemory, learn } from '../../src/core/learn.js';
import type { Memory } from '../../src/core/memory.js';
import type { DecisionRecord, DesiredState, Sample, ZoneSeen } from '../../src/core/model.js';
import { target } from '../../src/core/model.js';
import { policySchema } from '../../src/core/policy.js';
import { remember } from '../../src/core/remember.js';
import type { Store } from '../../src/ports.js';

type Commit = Parameters<Store['commitDecision']>[0];

export const MINUTE = 60_000;
export const CYCLE = 20 * MINUTE;
const DAY = 24 * 60 * MINUTE;
const policy = policySchema.parse({ zones: ['a', 'b'], mode: 'act', slotsPerNode: 4, nodePricePerHour: 2.5 });

/**
 * A fleet on an ordinary day, as the jobs would write it: real memory, real decisions, ragged numbers. It answers from
 * its own memory what the store expects next, so that writes can be sent without waiting for each other.
 */
export interface FleetDay {
  minute(at: number): { sample: Sample; memory: Memory; expectRev: number };
  cycle(at: number): Commit;
}

export function aFleetDay(fleet: string, seed = 1): FleetDay {
  let memory = emptyMemory();
  let version = 0;
  let workers = 4;
  let sample: Sample | null = null;
  const random = generator(seed);
  return {
    minute(at) {
      const expectRev = memory.rev;
      sample = sampleAt(at, workers, random);
      memory = learn(memory, sample, policy);
      return { sample, memory, expectRev };
    },
    cycle(at) {
      const expectRev = memory.rev;
      const seen: DecisionRecord['seen'] = {
        v: 1,
        fleet,
        now: at,
        cycle: at,
        trigger: 'cycle',
        sample,
        missing: [],
        zones: zonesOf(workers),
        memory,
        override: null,
        freezes: [],
      };
      const decision = decide(seen, policy);
      const id = `${fleet}-${at}`;
      const scaled = decision.kind === 'scale';
      const record: DecisionRecord = {
        ...{ v: 1, id, fleet, cycle: at, at, trigger: 'cycle', seen, policy, decision },
        status: scaled ? 'planned' : 'held',
      };
      const desired: DesiredState | null = scaled
        ? {
            ...{ v: 1, fleet, decisionId: id, at, placement: decision.placement, from: decision.from },
            ...{ status: 'planned', note: null, actedAt: null },
          }
        : null;
      const expectVersion = version;
      if (scaled) version += 1;
      workers = target(decision);
      memory = remember(memory, seen, decision);
      return { record, memory, expectRev, expectVersion, desired, ...told(record) };
    },
  };
}

/** The audit entry, message and change event that come with a decision. */
function told(record: DecisionRecord): Pick<Commit, 'audit' | 'outbox' | 'pager'> {
  const { id, fleet, at, decision } = record;
  const numbers = Object.entries(decision.numbers).slice(0, 12);
  const fields = numbers.map(([label, value]) => ({ label, value: String(value) }));
  const audit = {
    at,
    by: { id: 'muster', name: 'Muster' },
    action: 'decision',
    fleet,
    ids: { decision: id },
    detail: { kind: decision.kind, to: target(decision), trigger: record.trigger },
  };
  if (decision.kind === 'hold') return { audit, outbox: [], pager: [] };
  const summary = `${fleet}: ${decision.from} -> ${decision.to} workers`;
  const row = {
    ...{ v: 1 as const, channel: 'C1', key: `decision-${id}`, seq: 1, fleet, decisionId: id, at },
    priority: 'decision' as const,
    message: { summary, tone: 'info' as const, parts: [{ kind: 'fields' as const, fields }] },
    thread: [{ summary, tone: 'info' as const, parts: [{ kind: 'fields' as const, fields }] }],
  };
  const details = { from: decision.from, to: decision.to };
  return { audit, outbox: [row], pager: [{ v: 1, kind: 'change', fleet, id, summary, details, at }] };
}

function zonesOf(workers: number): ZoneSeen[] {
  const a = Math.ceil(workers / 2);
  const zone = (name: string, count: number): ZoneSeen => ({
    ...{ zone: name, up: true, desired: count, ready: count, starting: 0, draining: 0, blocked: null },
  });
  return [zone('a', a), zone('b', workers - a)];
}

/** Up to 60 requests per second at midday, 2 at night, with noise of 15 %. */
function sampleAt(at: number, workers: number, random: () => number): Sample {
  const phase = ((at % DAY) / DAY) * 2 * Math.PI;
  const rate = (31 - 29 * Math.cos(phase)) * (0.85 + 0.3 * random());
  return {
    at,
    requestsPerSecond: rate,
    backlog: Math.floor(random() * 4),
    oldestAgeSeconds: random() * 0.8,
    p95Seconds: 0.7 + random() * 0.9,
    ready: workers,
    starting: 0,
  };
}

/** mulberry32: small, seeded, good enough for noise. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
