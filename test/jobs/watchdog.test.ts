import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { minute } from '../../jobs/minute.js';
import { watchdog } from '../../jobs/watchdog.js';
import type { JobContext } from '../../src/app.js';
import { emptyMemory } from '../../src/core/learn.js';
import type { FleetState } from '../../src/ports.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { aFleet, aMemory, NOON } from '../support/fleet.js';

const MINUTE = 60_000;

function scene(memory: FleetState['memory'], fleets = [aFleet('ocr')]) {
  let machineMs = 0;
  let beats = 0;
  let atOnce = 0;
  let most = 0;
  const store = createMemoryStore({ now: () => machineMs });
  const context = {
    ...{ fleets, fleet: () => fleets[0], chat: null, pager: null },
    clock: { now: () => NOON + 200 * MINUTE, speed: 1, sleep: async () => {} },
    store: { ...store, fleet: async (name: string) => ({ ...(await store.fleet(name)), memory }) },
    queue: {
      enqueue: async () => {
        most = Math.max(most, ++atOnce);
        await null;
        atOnce -= 1;
      },
    },
    meter: { outbox() {} },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    heartbeat: async () => {
      beats += 1;
    },
  } as unknown as JobContext;
  return {
    ...{ store, context },
    watch: () => watchdog.run({ v: 1 }, context),
    pass: (ms: number) => (machineMs += ms),
    beats: () => beats,
    most: () => most,
  };
}

test('a crash between the note and the alert loses the alert for minutes, not for days', async () => {
  const { store, context, watch, pass } = scene(aMemory());
  const { saveMachine } = context.store;
  context.store.saveMachine = () => Promise.reject(new Error('killed'));
  await watch().catch(() => {});
  equal(await store.peekPager(), null);
  context.store.saveMachine = saveMachine;
  pass(11 * MINUTE);
  await watch();
  const event = await store.peekPager();
  deepEqual([event?.kind, event?.fleet], ['trigger', 'ocr']);
  ok((await store.peek('#ml-ops')) !== null);
});

test('no heartbeat goes out before every fleet has been looked at once', async () => {
  const blind = scene(null);
  await blind.watch();
  equal(blind.beats(), 0);
  const seeing = scene({ ...emptyMemory(), firstAt: NOON + 199 * MINUTE });
  await seeing.watch();
  equal(seeing.beats(), 1);
});

test('a thousand fleets are not enqueued all at once', async () => {
  const many = scene(
    null,
    Array.from({ length: 1_000 }, (_, n) => aFleet(`fleet-${n}`)),
  );
  await minute.run({ v: 1 }, many.context);
  ok(many.most() <= 100, `${many.most()} at once`);
});
