/** What the loop makes good: wishes nobody decided on, minutes another job kept first, zones beside one that fails. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { converge } from '../../jobs/converge.js';
import { evaluate } from '../../jobs/evaluate.js';
import { observe } from '../../jobs/observe.js';
import type { JobContext } from '../../src/app.js';
import type { DesiredState, NodeSeen } from '../../src/core/model.js';
import { remember } from '../../src/core/remember.js';
import { OutsideError } from '../../src/errors.js';
import type { FleetState } from '../../src/ports.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { aFleet, aRecord, aSeen, NOON, someZones } from '../support/fleet.js';

const MINUTE = 60_000;
const asha = { id: 'slack:U0ASHA', name: 'Asha' };
const fails = (peer: string) =>
  Promise.reject(new OutsideError(peer, 'an act', 'no', { class: 'retry', why: 'error' }));

function scene(over: Partial<JobContext> = {}) {
  let now = NOON;
  let p95 = 0.9;
  const store = createMemoryStore({ now: () => 0 });
  const queued: { job: string; data: unknown }[] = [];
  const did: string[] = [];
  const fleet = { ...aFleet('ocr'), latency: { kind: 'prometheus' as const, p95: 'p95' } };
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const context = {
    ...{ store, pager: null, chat: null, log: silent, fleets: [fleet], fleet: () => fleet },
    clock: { now: () => now, speed: 1, sleep: async () => {} },
    queue: { enqueue: async (job: string, data: unknown) => void queued.push({ job, data }) },
    meter: { peerFailed() {}, outbox() {}, fleet() {}, decided() {} },
    settings: { holder: 'me', leaseMs: 5_000, channel: '#ml-ops' },
    signal: new AbortController().signal,
    newId: () => 'id',
    demand: {
      demand: async () => ({
        ...{ at: now, requestsPerSecond: 1, backlog: 0, oldestAgeSeconds: 0, consumers: 4 },
      }),
    },
    gauge: { gauge: async () => ({ at: now, value: p95 }) },
    orchestrator: {
      zones: async () => someZones(),
      nodes: async () => [] as NodeSeen[],
      plan: async (_target: unknown, _zone: string, workers: number) => ({
        ...{ fits: workers, lacks: null, how: 'plan' },
      }),
      scale: async (_target: unknown, zone: string, workers: number) => {
        if (zone === 'a') return fails('nomad');
        did.push(`${zone} ${workers}`);
        return { kind: 'done', workers };
      },
    },
    nodeGroups: { list: async () => [] },
    ...over,
  } as unknown as JobContext;
  const asked = () =>
    queued.flatMap(({ job, data }) => (job === 'evaluate' ? [(data as { trigger: string }).trigger] : []));
  return {
    ...{ store, queued, did, context, fleet, asked },
    set: (minutes: number, seconds = p95) => {
      now = NOON + minutes * MINUTE;
      p95 = seconds;
    },
    look: () => observe.run({ v: 1, fleet: 'ocr' }, context),
    decide: (trigger: 'cycle' | 'request' = 'cycle') =>
      evaluate.run({ v: 1, fleet: 'ocr', trigger }, context),
    /** A decision to go to four workers in each zone. */
    raise: async (): Promise<void> => {
      const state: FleetState = await store.fleet('ocr');
      const seen = aSeen('ocr');
      const record = aRecord({ fleet: 'ocr', seen, id: 'd1' });
      const placement = ['a', 'b'].map((zone) => ({ zone, workers: 4 }));
      const desired: DesiredState = {
        ...{ v: 1, fleet: 'ocr', decisionId: 'd1', at: NOON, placement, from: 4 },
        ...{ status: 'planned', note: null, actedAt: null },
      };
      const kept = await store.commitDecision({
        ...{ record, desired, expectRev: state.memory?.rev ?? 0, expectVersion: state.version },
        memory: { ...remember(seen.memory, seen, record.decision), rev: 1 },
        ...{ audit: { at: NOON, by: asha, action: 'decision', fleet: 'ocr' }, outbox: [], pager: [] },
      });
      equal(kept, 'stored');
    },
  };
}

test('an override whose evaluation was never asked for is decided within the minute, once', async () => {
  const { store, look, decide, asked, set } = scene();
  await decide();
  await store.setOverride(
    {
      ...{ v: 1, id: 'o1', fleet: 'ocr', kind: 'pin', workers: 6, by: asha, reason: 'load test' },
      ...{ at: NOON, until: NOON + 60 * MINUTE, postedIn: [] },
    },
    { at: NOON, by: asha, action: 'override', fleet: 'ocr' },
    [],
    [],
  );
  set(1);
  await look();
  deepEqual(asked(), ['request']);
  await decide('request');
  equal((await store.fleet('ocr')).desired?.placement[0]?.workers, 3);
  set(2);
  await look();
  deepEqual(asked(), ['request'], 'the decision knew of it');
});

test('the end of an override that nobody decided on is decided within the minute', async () => {
  const { store, look, decide, asked, set } = scene();
  await store.setOverride(
    {
      ...{ v: 1, id: 'o1', fleet: 'ocr', kind: 'pin', workers: 6, by: asha, reason: 'load test' },
      ...{ at: NOON, until: NOON + 60 * MINUTE, postedIn: [] },
    },
    { at: NOON, by: asha, action: 'override', fleet: 'ocr' },
    [],
    [],
  );
  await decide();
  await store.endOverride('ocr', 'o1', { at: NOON, by: asha, action: 'cancel', fleet: 'ocr' }, [], []);
  set(1);
  await look();
  deepEqual(asked(), ['request']);
});

test('a minute that an evaluation kept first still counts for the latency alert', async () => {
  const { store, look, decide, set } = scene();
  for (const minute of [0, 1, 2]) {
    set(minute, 9);
    await decide(minute === 0 ? 'cycle' : 'request');
    await look();
    await look();
  }
  equal((await store.alert('ocr'))?.phase, 'firing');
  equal((await store.alert('ocr'))?.minutes.length, 3);
});

test('a zone whose peer fails does not keep the other from its workers', async () => {
  const { store, context, did, raise } = scene();
  await raise();
  await converge.run({ v: 1, fleet: 'ocr' }, context);
  deepEqual(did, ['b 4']);
  const { desired } = await store.fleet('ocr');
  equal(desired?.status, 'applying');
  match(desired?.note ?? '', /waiting for nomad: error/);
});

test('without the cloud workers use the room that there is, and the decision is not called done', async () => {
  const { store, context, did, raise, set } = scene({
    nodeGroups: { list: () => fails('gce') } as unknown as JobContext['nodeGroups'],
  });
  await raise();
  await converge.run({ v: 1, fleet: 'ocr' }, context);
  deepEqual(did, [], 'the next answer may say that there are nodes to come');
  set(2);
  await converge.run({ v: 1, fleet: 'ocr' }, context);
  deepEqual(did, ['b 4']);
  match((await store.fleet('ocr')).desired?.note ?? '', /waiting for gce: error/);
  Object.assign(context.orchestrator, { zones: async () => someZones(4) });
  await converge.run({ v: 1, fleet: 'ocr' }, context);
  const { desired } = await store.fleet('ocr');
  deepEqual([desired?.status, desired?.note], ['applying', 'waiting for gce: error']);
});

test('a decision that a dead bot left for twenty minutes is carried out once, when its nodes are ready', async () => {
  const groups = new Map([
    ['a', ['a1']],
    ['b', ['b1']],
  ]);
  const counts = new Map([
    ['a', 2],
    ['b', 2],
  ]);
  const did: string[] = [];
  let isBooted = false;
  const { store, context, raise, set } = scene({
    nodeGroups: {
      list: async () =>
        [...groups].map(([zone, names]) => ({
          ...{ zone, size: names.length, problem: null },
          instances: names.map((name) => ({ name, status: 'running' })),
        })),
      grow: async (_group: unknown, zone: string, size: number) => {
        did.push(`${zone} grows to ${size}`);
        groups.set(zone, [`${zone}1`, `${zone}2`].slice(0, size));
      },
    } as unknown as JobContext['nodeGroups'],
  });
  const nodes = () =>
    [...groups].flatMap(([zone, names]) =>
      names.map((name, index) => ({
        ...{ id: name, name, zone, eligible: true, drain: null },
        status: index === 0 || isBooted ? 'ready' : 'starting',
        workers: index === 0 ? 2 : 0,
      })),
    );
  Object.assign(context.orchestrator, {
    nodes: async () => nodes(),
    zones: async () =>
      someZones().map((one) => ({ ...one, desired: counts.get(one.zone)!, ready: counts.get(one.zone)! })),
    // Without the second node only two more workers would fit.
    plan: async (_target: unknown, _zone: string, workers: number) => ({
      ...{ fits: Math.min(workers, isBooted ? 99 : 3), lacks: 'gpu', how: 'plan' },
    }),
    scale: async (_target: unknown, zone: string, workers: number) => {
      did.push(`${zone} scales to ${workers}`);
      counts.set(zone, workers);
      return { kind: 'done', workers };
    },
  });
  context.fleet('ocr').policy.slotsPerNode = 2;
  await raise();
  for (const at of [20, 21, 22]) {
    set(at);
    isBooted = at === 22;
    await converge.run({ v: 1, fleet: 'ocr' }, context);
  }
  deepEqual(did, ['a grows to 2', 'b grows to 2', 'a scales to 4', 'b scales to 4']);
  set(23);
  await converge.run({ v: 1, fleet: 'ocr' }, context);
  equal((await store.fleet('ocr')).desired?.status, 'ready');
});
