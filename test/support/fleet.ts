/** Inputs for tests of verbs and messages: show only what matters, the rest is an ordinary afternoon. */
import type { CommandContext } from '../../commands/command.js';
import type { FleetConfig } from '../../src/config.js';
import { openAccess, type Role } from '../../src/core/access.js';
import { decide } from '../../src/core/decide.js';
import { emptyMemory, learn } from '../../src/core/learn.js';
import type { Memory } from '../../src/core/memory.js';
import type { DecisionRecord, Sample, Seen, ZoneSeen } from '../../src/core/model.js';
import { cycleStart, type PolicyInput, policySchema } from '../../src/core/policy.js';
import { remember } from '../../src/core/remember.js';
import { OutsideError } from '../../src/errors.js';
import type { Store } from '../../src/ports.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';

/** Monday, half past noon UTC. */
export const NOON = Date.UTC(2026, 0, 5, 12, 30);
const MINUTE = 60_000;

export function aPolicy(knobs: Partial<PolicyInput> = {}) {
  return policySchema.parse({
    mode: 'act',
    zones: ['a', 'b'],
    floor: 2,
    ceiling: 20,
    slotsPerNode: 4,
    nodePricePerHour: 1.5,
    ...knobs,
  });
}

export function aFleet(name: string, knobs: Partial<PolicyInput> = {}): FleetConfig {
  const targets = ['a', 'b'].map((zone) => ({ zone, job: `${name}-${zone}`, group: 'worker' }));
  return {
    name,
    policy: aPolicy(knobs),
    orchestrator: { kind: 'nomad', targets, workersPerAllocation: 1, slotsPerNode: 4 },
    nodeGroups: { kind: 'fixed' },
    demand: { kind: 'rabbitmq', vhost: '/', queue: name },
    latency: null,
    saturation: null,
    channel: '#ml-ops',
    pagerdutyRoutingKey: null,
  };
}

export function aSample(at: number, values: Partial<Sample> = {}): Sample {
  return {
    at,
    requestsPerSecond: 5,
    backlog: 0,
    oldestAgeSeconds: 0,
    p95Seconds: 0.9,
    ready: 4,
    starting: 0,
    ...values,
  };
}

export const someZones = (each = 2): ZoneSeen[] =>
  ['a', 'b'].map((zone) => ({
    zone,
    up: true,
    desired: each,
    ready: each,
    starting: 0,
    draining: 0,
    blocked: null,
  }));

/** Two hours of steady traffic that end now, so that no first-contact rule is in the way. */
export function aMemory(now = NOON, values: Partial<Sample> = {}): Memory {
  const policy = aPolicy();
  let memory = emptyMemory();
  for (let at = now - 120 * MINUTE; at <= now; at += MINUTE)
    memory = learn(memory, aSample(at, values), policy);
  return memory;
}

export function aSeen(fleet = 'face-match', values: Partial<Seen> = {}): Seen {
  const memory = values.memory ?? aMemory();
  return {
    v: 1,
    fleet,
    now: NOON,
    cycle: cycleStart(NOON, aPolicy()),
    trigger: 'cycle',
    sample: memory.recent.at(-1) ?? null,
    missing: [],
    zones: someZones(),
    memory,
    override: null,
    freezes: [],
    ...values,
  };
}

export function aRecord(values: Partial<DecisionRecord> = {}): DecisionRecord {
  const fleet = values.fleet ?? 'face-match';
  const policy = values.policy ?? aPolicy();
  const seen = values.seen ?? aSeen(fleet);
  return {
    v: 1,
    id: `d-${fleet}`,
    fleet,
    cycle: seen.cycle,
    at: seen.now,
    trigger: 'cycle',
    seen,
    policy,
    decision: decide(seen, policy),
    status: 'planned',
    ...values,
  };
}

export interface Scene {
  context: CommandContext;
  store: Store;
  /** What was put on the queue, oldest first. */
  queued: { job: string; data: unknown; dedupe: string | undefined }[];
  /** Peers that do not answer. */
  silent: Set<'nomad' | 'redis' | 'queue'>;
}

/** Asha at the keyboard, three fleets, an empty store. */
export function aScene(overrides: Partial<CommandContext> = {}): Scene {
  const store = createMemoryStore({ now: () => 0 });
  const queued: Scene['queued'] = [];
  const silent: Scene['silent'] = new Set();
  const answer = <T>(peer: 'nomad' | 'redis' | 'queue', value: () => Promise<T>): Promise<T> => {
    if (!silent.has(peer)) return value();
    return Promise.reject(
      new OutsideError(peer, 'a question', 'no answer in time', { class: 'retry', why: 'timeout' }),
    );
  };
  const context: CommandContext = {
    by: { id: 'slack:U0ASHA', name: 'Asha Rao', timeZone: 'Asia/Kolkata' },
    now: NOON,
    said: '',
    where: 'C0OTHER',
    whereName: '#random',
    command: '/muster',
    fleets: ['face-match', 'liveness', 'ocr'].map((name) => aFleet(name)),
    clock: { now: () => NOON, speed: 1, sleep: async () => {} },
    reader: { ...store, fleet: (name) => answer('redis', () => store.fleet(name)) },
    store: { ...store, fleet: (name) => answer('redis', () => store.fleet(name)) },
    queue: {
      enqueue: (job, data, options) =>
        answer('queue', async () => {
          queued.push({ job, data, dedupe: options?.dedupe });
        }),
    },
    orchestrator: {
      zones: () => answer('nomad', async () => someZones()),
      nodes: async () => [],
      workers: async () => [],
      plan: async (_target, _zone, workers) => ({ fits: workers, lacks: null, how: 'plan' }),
    },
    nodeGroups: { list: async () => [] },
    maxOverrideSeconds: 86_400,
    pages: () => true,
    newId: counter('id'),
    authority: allowed('admin'),
    access: openAccess(),
    machineNow: () => NOON,
    channel: '#ml-ops',
    ...overrides,
  };
  return { context, store, queued, silent };
}

export const allowed = (role: Role): CommandContext['authority'] => ({
  standing: async () => ({ role, because: 'the test', unknown: [] }),
  holders: async () => ({
    people: [
      { name: 'Meera Iyer', email: null, onCall: false },
      { name: 'Asha Rao', email: null, onCall: true },
    ],
    onCall: [{ name: 'Asha Rao', email: null }],
  }),
});

/** Two hours of samples and one decision in the store. */
export async function withDecision(
  store: Store,
  fleet: string,
  values: Partial<Sample> = {},
): Promise<DecisionRecord> {
  const memory = aMemory(NOON, values);
  const kept = await store.keepSample(fleet, memory.recent.at(-1)!, memory, 0);
  if (kept !== 'stored') throw new Error(`the sample was not kept: ${kept}`);
  const state = await store.fleet(fleet);
  const record = aRecord({ fleet, seen: aSeen(fleet, { memory: state.memory! }) });
  const stored = await store.commitDecision({
    record,
    memory: remember(state.memory!, record.seen, record.decision),
    expectRev: state.memory!.rev,
    expectVersion: state.version,
    desired: null,
    audit: { at: NOON, by: { id: 'muster', name: 'Muster' }, action: 'decision', fleet },
    outbox: [],
    pager: [],
  });
  if (stored !== 'stored') throw new Error(`the decision was not stored: ${stored}`);
  return record;
}

function counter(prefix: string): () => string {
  let n = 0;
  return () => `${prefix}-${++n}`;
}
