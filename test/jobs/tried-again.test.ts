/** A change that failed is carried out again by the next cycle, once a cycle and under its own name. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate } from '../../jobs/evaluate.js';
import type { JobContext } from '../../src/app.js';
import type { DesiredState } from '../../src/core/model.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { aFleet, NOON, someZones } from '../support/fleet.js';

const CYCLE = 20 * 60_000;
const asha = { id: 'slack:U0ASHA', name: 'Asha' };

test('the next cycle opens the failed change again, keeps its name and wakes converge', async () => {
  let now = NOON;
  const store = createMemoryStore({ now: () => now });
  const fleet = aFleet('ocr');
  const woken: string[] = [];
  let zones = someZones(2);
  const context = {
    ...{ store, pager: null, chat: null, fleets: [fleet], fleet: () => fleet },
    signal: new AbortController().signal,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    clock: { now: () => now, speed: 1, sleep: async () => {} },
    queue: { enqueue: async (job: string) => void woken.push(job) },
    meter: { peerFailed() {}, outbox() {}, fleet() {}, decided() {} },
    settings: { holder: 'me', leaseMs: 5_000, channel: '#ml-ops' },
    newId: () => 'id',
    demand: {
      demand: async () => ({ at: now, requestsPerSecond: 1, backlog: 0, oldestAgeSeconds: 0, consumers: 4 }),
    },
    gauge: { gauge: async () => ({ at: now, value: 0.5 }) },
    orchestrator: { zones: async () => zones },
  } as unknown as JobContext;
  const pin = {
    v: 1 as const,
    id: 'o1',
    fleet: 'ocr',
    kind: 'pin' as const,
    workers: 10,
    by: asha,
    reason: '',
  };
  const audit = { at: NOON, by: asha, action: 'override', fleet: 'ocr' };
  await store.setOverride({ ...pin, at: NOON, until: NOON + 10 * CYCLE }, audit, [], []);
  const cycle = async (): Promise<DesiredState> => {
    woken.length = 0;
    await evaluate.run({ v: 1, fleet: 'ocr', trigger: 'cycle' }, context);
    return (await store.fleet('ocr')).desired!;
  };
  const ends = async (desired: DesiredState, status: 'ready' | 'failed') => {
    const lease = (await store.lease('ocr', 'me', 5_000))!;
    await store.progress(lease, { desired: { ...desired, status }, status, outbox: [], pager: [] });
    await store.release(lease);
  };
  const first = await cycle();
  equal(first.status, 'planned');
  await ends({ ...first, actedAt: now }, 'failed');
  zones = someZones(5).map((zone) => ({ ...zone, ready: 0 }));
  for (let n = 0; n < 2; n += 1) {
    now += CYCLE;
    const opened = await cycle();
    deepEqual(opened, { ...first, actedAt: null, againAt: now });
    equal(woken.includes('converge'), true);
    await evaluate.run({ v: 1, fleet: 'ocr', trigger: 'request' }, context);
    await ends(opened, 'failed');
    await evaluate.run({ v: 1, fleet: 'ocr', trigger: 'request' }, context);
    equal((await store.fleet('ocr')).desired?.status, 'failed', 'once a cycle');
  }
  zones = someZones(5);
  now += CYCLE;
  await ends(await cycle(), 'ready');
  now += CYCLE;
  equal((await cycle()).status, 'ready', 'and no more once all is well');
  equal((await store.fleet('ocr')).memory?.decidedVersion, (await store.fleet('ocr')).version);
});
