/** What must keep an act from going out between the look at the world and the act: time passed, and others acted. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { converge } from '../../jobs/converge.js';
import { evaluate } from '../../jobs/evaluate.js';
import type { JobContext } from '../../src/app.js';
import type { NodeSeen } from '../../src/core/model.js';
import { OutsideError } from '../../src/errors.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { aFleet, NOON, someZones } from '../support/fleet.js';

const MINUTE = 60_000;
const asha = { id: 'slack:U0ASHA', name: 'Asha' };

/** A fleet of four that a pin takes to ten: converge has a raise to make. */
async function scene() {
  let now = NOON;
  let machine = 0;
  const control = new AbortController();
  const store = createMemoryStore({ now: () => machine });
  const fleet = aFleet('ocr', { slotsPerNode: 2 });
  const did: string[] = [];
  const delays: (number | undefined)[] = [];
  const sizes = new Map([
    ['a', 5],
    ['b', 5],
  ]);
  const meanwhile = { reading: async () => {}, planning: async () => {} };
  const context = {
    ...{ store, pager: null, chat: null, fleets: [fleet], fleet: () => fleet, signal: control.signal },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    clock: { now: () => now, speed: 1, sleep: async () => {} },
    queue: {
      enqueue: async (job: string, _data: unknown, options?: { delayMs?: number }) =>
        void (job === 'converge' && delays.push(options?.delayMs)),
    },
    meter: { peerFailed() {}, outbox() {}, fleet() {}, decided() {} },
    settings: { holder: 'me', leaseMs: 5_000, channel: '#ml-ops' },
    newId: () => 'id',
    demand: {
      demand: async () => ({
        ...{ at: now, requestsPerSecond: 1, backlog: 0, oldestAgeSeconds: 0, consumers: 4 },
      }),
    },
    gauge: { gauge: async () => ({ at: now, value: 0.5 }) },
    orchestrator: {
      zones: async () => someZones(),
      nodes: async () => {
        await meanwhile.reading();
        return ['a', 'b'].flatMap((zone) =>
          [1, 2, 3, 4, 5].map(
            (n): NodeSeen => ({
              ...{ id: `${zone}${n}`, name: `${zone}${n}`, zone, status: 'ready', eligible: true },
              ...{ workers: 0, drain: null },
            }),
          ),
        );
      },
      plan: async (_target: unknown, _zone: string, workers: number) => {
        await meanwhile.planning();
        return { fits: workers, lacks: null, how: 'plan' };
      },
      scale: async (_target: unknown, zone: string, workers: number) => {
        did.push(`${zone} ${workers}`);
        return { kind: 'done', workers };
      },
    },
    nodeGroups: {
      list: async () =>
        ['a', 'b'].map((zone) => ({
          ...{ zone, size: sizes.get(zone)!, problem: null },
          instances: Array.from({ length: sizes.get(zone)! }, (_, n) => ({
            name: `${zone}${n + 1}`,
            status: 'running',
          })),
        })),
    },
  } as unknown as JobContext;
  await store.setOverride(
    {
      ...{ v: 1, id: 'o1', fleet: 'ocr', kind: 'pin', workers: 10, by: asha, reason: 'load test' },
      ...{ at: NOON, until: NOON + 60 * MINUTE, postedIn: [] },
    },
    { at: NOON, by: asha, action: 'override', fleet: 'ocr' },
    [],
    [],
  );
  await evaluate.run({ v: 1, fleet: 'ocr', trigger: 'request' }, context);
  delays.length = 0;
  return {
    ...{ store, context, did, delays, meanwhile, control },
    pass: (ms: number) => {
      now += ms;
      machine += ms;
    },
    run: () => converge.run({ v: 1, fleet: 'ocr' }, context),
    freeze: () =>
      store.setFreeze(
        {
          ...{ v: 1, id: 'f1', fleet: 'ocr', kind: 'all', by: asha, reason: 'stop' },
          ...{ at: now, until: now + 60 * MINUTE },
        },
        { at: now, by: asha, action: 'freeze', fleet: 'ocr' },
        [],
        [],
      ),
  };
}

test('a freeze that comes while the world is read stops the act', async () => {
  const { meanwhile, freeze, run, did, store } = await scene();
  meanwhile.reading = async () => void (await freeze());
  await run();
  deepEqual(did, []);
  await run();
  equal((await store.fleet('ocr')).desired?.status, 'failed');
});

test('a freeze that comes while the plan is made stops the act, too', async () => {
  const { meanwhile, freeze, run, did } = await scene();
  meanwhile.planning = async () => void (await freeze());
  await run();
  deepEqual(did, []);
});

test('what a decision was made for is cancelled, on a clock that is behind: nothing acts before the next decision', async () => {
  const { run, did, delays, store } = await scene();
  const entry = { at: NOON - 5 * MINUTE, by: asha, action: 'override-cancel', fleet: 'ocr' };
  await store.endOverride('ocr', 'o1', entry, [], []);
  await run();
  deepEqual([did, delays], [[], [10_000]]);
});

test('a freeze of cuts lets a raise go on once it is decided again', async () => {
  const { context, run, did, store } = await scene();
  const freeze = { v: 1, id: 'f1', fleet: '*', kind: 'down', by: asha, reason: 'demo' } as const;
  await store.setFreeze(
    { ...freeze, at: NOON - 5 * MINUTE, until: NOON + 60 * MINUTE },
    { at: NOON, by: asha, action: 'freeze', fleet: null },
    [],
    [],
  );
  await run();
  deepEqual(did, []);
  await evaluate.run({ v: 1, fleet: 'ocr', trigger: 'request' }, context);
  await run();
  deepEqual(did, ['a 5', 'b 5']);
});

test('a run whose lease went to another one while it planned does nothing any more', async () => {
  const { meanwhile, run, did, pass, store } = await scene();
  meanwhile.planning = async () => {
    pass(6_000);
    await store.lease('ocr', 'another', 5_000);
  };
  await run();
  deepEqual(did, []);
});

test('a run that is past its deadline does nothing any more', async () => {
  const { meanwhile, run, did, control } = await scene();
  meanwhile.planning = async () => control.abort();
  await run();
  deepEqual(did, []);
});

test('patience counts from when the act was done, not from when the look before it began', async () => {
  const { meanwhile, run, pass, store } = await scene();
  meanwhile.reading = async () => pass(4_000);
  await run();
  equal((await store.fleet('ocr')).desired?.actedAt, NOON + 4_000);
});

test('a peer that asks to be left alone is left alone, however often converge is woken', async () => {
  const { context, run, did, delays, pass } = await scene();
  let asked = 0;
  const { zones } = context.orchestrator;
  context.orchestrator.zones = () => {
    asked += 1;
    return Promise.reject(
      new OutsideError('nomad', 'look', 'slow down', {
        ...{ class: 'retry', why: 'rate-limited', retryAfterMs: 90_000 },
      }),
    );
  };
  await run();
  pass(30_000);
  await run();
  deepEqual([asked, delays], [1, [90_000, 60_000]]);
  context.orchestrator.zones = zones;
  pass(60_000);
  await run();
  deepEqual(did, ['a 5', 'b 5']);
});

test('peers that answer each request but too slowly all in all are a gap with a name, and the cycle is decided', async () => {
  const { context, store, pass } = await scene();
  const soon = new AbortController();
  context.soon = soon.signal;
  context.gauge.gauge = () => new Promise(() => {});
  context.orchestrator.zones = () => new Promise(() => {});
  pass(20 * MINUTE);
  const deciding = evaluate.run({ v: 1, fleet: 'ocr', trigger: 'cycle' }, context);
  await new Promise((resolve) => setImmediate(resolve));
  soon.abort();
  await deciding;
  const { latest } = await store.fleet('ocr');
  equal(latest?.cycle, NOON + 10 * MINUTE);
  const record = await store.decision('ocr', latest!.id);
  deepEqual(record?.seen.missing, [{ what: 'workers', peer: 'nomad', why: 'timeout' }]);
});

test('a machine whose clock is a moment behind decides the cycle that it was woken for', async () => {
  const { context, store, pass } = await scene();
  pass(10 * MINUTE - 20);
  context.slot = NOON + 10 * MINUTE;
  await evaluate.run({ v: 1, fleet: 'ocr', trigger: 'cycle' }, context);
  equal((await store.fleet('ocr')).lastCycle, NOON + 10 * MINUTE);
});
