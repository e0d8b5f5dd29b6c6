/** What a report of a watcher does to what is known of its node, also when reports come late, twice or out of order. */
import { deepEqual, equal } from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Notice, notice } from '../../jobs/notice.js';
import type { JobContext } from '../../src/app.js';
import type { MaintenanceState } from '../../src/core/maintenance/state.js';
import { OutsideError } from '../../src/errors.js';
import type { StoredMachine } from '../../src/ports.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { T0 } from '../contracts/store-records.js';
import { aFleet } from '../support/fleet.js';

const MINUTE = 60_000;
const STOP = 'TERMINATE_ON_HOST_MAINTENANCE';

/** Times are minutes from the beginning. */
function aScene() {
  let now = T0;
  const store = createMemoryStore({ now: () => now });
  const fleet = aFleet('face-match');
  const node = {
    id: 'id-a1',
    name: 'a1',
    zone: 'a',
    status: 'ready',
    eligible: true,
    workers: 2,
    drain: null,
  };
  let putOff: Notice | null = null;
  let isSilent = false;
  const context = {
    ...{ pager: null, chat: null, fleets: [fleet], fleet: () => fleet, store, settings: {} },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    clock: { now: () => now, speed: 1, sleep: async () => {} },
    meter: { peerFailed() {} },
    queue: {
      // As the queue does it: of those that wait the earliest stays.
      enqueue: async (job: string, data: unknown) => {
        if (job === 'notice') putOff ??= data as Notice;
      },
    },
    orchestrator: {
      nodes: async () => {
        if (isSilent)
          throw new OutsideError('nomad', 'list nodes', 'timeout', { class: 'retry', why: 'timeout' });
        return [node];
      },
    },
  } as unknown as JobContext;
  const machines = async () => (await store.machines('maintenance')) as StoredMachine<MaintenanceState>[];
  const run = (heard: Notice) => notice.run(heard, { ...context, slot: null } as JobContext & { slot: null });
  return {
    /** What a watcher says at that minute: its stop, null for the end. */
    async hear(minute: number, stopsAt: number | null | 'unknown'): Promise<void> {
      now = T0 + minute * MINUTE;
      const event = stopsAt === null ? 'NONE' : STOP;
      const deadlineAt = typeof stopsAt === 'number' ? T0 + stopsAt * MINUTE : null;
      await run({ v: 1, node: 'a1', event, deadlineAt, heardAt: now });
    },
    /** What was put off comes again. */
    async retry(minute: number): Promise<void> {
      now = T0 + minute * MINUTE;
      const waiting = putOff;
      putOff = null;
      if (waiting !== null) await run(waiting);
    },
    silence: (silent: boolean) => {
      isSilent = silent;
    },
    async become(minute: number, more: Partial<MaintenanceState>): Promise<void> {
      now = T0 + minute * MINUTE;
      const open = (await machines()).find((each) => each.open)!;
      const state = { ...open.state, ...more };
      const after = { ...open, at: now, open: state.phase !== 'over', state };
      equal(await store.saveMachine(after, { outbox: [], pager: [] }), 'stored');
    },
    /** Oldest first: the phase, the hour in minutes, and whether it was taken back. */
    known: async () =>
      (await machines())
        .sort((a, b) => a.state.noticedAt - b.state.noticedAt)
        .map(({ state: { phase, deadlineAt, withdrawn } }) => {
          const hour = deadlineAt === null ? 'no hour' : (deadlineAt - T0) / MINUTE;
          return `${phase} ${hour}${withdrawn ? ' withdrawn' : ''}`;
        }),
  };
}

describe('a notice that comes again', () => {
  it('40 minutes after it was withdrawn begins a maintenance', async () => {
    const { hear, become, known } = aScene();
    await hear(0, 60);
    await hear(1, null);
    await become(2, { phase: 'over', outcome: 'withdrawn' });
    await hear(40, 100);
    deepEqual(await known(), ['over 60 withdrawn', 'waiting 100']);
  });

  it('with the very hour that was withdrawn begins a maintenance', async () => {
    const { hear, become, known } = aScene();
    await hear(0, 60);
    await hear(1, null);
    await become(2, { phase: 'over', outcome: 'withdrawn' });
    await hear(5, 60);
    deepEqual(await known(), ['over 60 withdrawn', 'waiting 60']);
  });

  it('after its node is back begins a maintenance, unless it speaks of the stop that is over', async () => {
    const { hear, become, known } = aScene();
    await hear(0, 60);
    await become(75, { phase: 'over', outcome: 'back', wentDown: true });
    await hear(76, 60);
    deepEqual(await known(), ['over 60']);
    await hear(80, 140);
    deepEqual(await known(), ['over 60', 'waiting 140']);
  });

  it('of a stop that somebody ignored, or whose VM was replaced, begins nothing', async () => {
    for (const outcome of ['ignored', 'replaced'] as const) {
      const { hear, become, known } = aScene();
      await hear(0, 60);
      await become(10, { phase: 'over', outcome });
      await hear(20, 65);
      deepEqual(await known(), ['over 60']);
    }
  });

  it('while the one before is called off begins when that is over', async () => {
    const { hear, become, retry, known } = aScene();
    await hear(0, 60);
    await hear(5, null);
    await become(5, { phase: 'calling-off' });
    await hear(6, 66);
    await retry(6.5);
    deepEqual(await known(), ['calling-off 60 withdrawn']);
    await become(7, { phase: 'over', outcome: 'withdrawn' });
    await retry(7.5);
    deepEqual(await known(), ['over 60 withdrawn', 'waiting 66']);
  });

  it('while the node of the one before is given back begins when that is over', async () => {
    for (const phase of ['checking', 'returning', 'shrinking'] as const) {
      const { hear, become, retry, known } = aScene();
      await hear(0, 60);
      await become(70, { phase, wentDown: true });
      await hear(71, 60);
      await hear(72, 132);
      await become(73, { phase: 'over', outcome: 'back' });
      await retry(74);
      deepEqual(await known(), ['over 60', 'waiting 132']);
    }
  });

  it('and is taken back before the one before is over begins nothing', async () => {
    const { hear, become, retry, known } = aScene();
    await hear(0, 60);
    await hear(5, null);
    await become(5, { phase: 'calling-off' });
    await hear(6, 66);
    await hear(6.2, null);
    await become(7, { phase: 'over', outcome: 'withdrawn' });
    await retry(7.5);
    deepEqual(await known(), ['over 60 withdrawn']);
  });
});

describe('the hour of a stop', () => {
  const rows: [what: string, heard: number | 'unknown', hour: number][] = [
    ['stays when a restarted watcher counts it from its own start', 105, 60],
    ['stays where a report differs a little', 65, 60],
    ['stays where a report has none', 'unknown', 60],
    ['is the earlier one when it comes forward', 45, 45],
    ['moves when it is put off for hours', 240, 240],
  ];
  for (const [what, heard, hour] of rows)
    it(what, async () => {
      const { hear, known } = aScene();
      await hear(0, 60);
      await hear(30, heard);
      deepEqual(await known(), [`waiting ${hour}`]);
    });

  it('is the new one when the notice was taken back in between', async () => {
    const { hear, known } = aScene();
    await hear(0, 60);
    await hear(1, null);
    await hear(20, 80);
    deepEqual(await known(), ['waiting 80']);
  });
});

describe('while Nomad does not answer', () => {
  it('a stop is put off, and begins when it does', async () => {
    const { hear, silence, retry, known } = aScene();
    silence(true);
    await hear(0, 60);
    await retry(1);
    silence(false);
    await retry(2);
    deepEqual(await known(), ['waiting 60']);
  });

  it('a stop that is taken back meanwhile begins nothing, were it in the same moment', async () => {
    for (const minute of [0, 1]) {
      const { hear, silence, retry, known } = aScene();
      silence(true);
      await hear(0, 60);
      await hear(minute, null);
      silence(false);
      await retry(2);
      deepEqual(await known(), []);
    }
  });

  it('a stop that is taken back and announced again begins with its new hour', async () => {
    const { hear, silence, retry, known } = aScene();
    silence(true);
    await hear(0, 60);
    await hear(1, null);
    await hear(2, 90);
    silence(false);
    await retry(3);
    deepEqual(await known(), ['waiting 90']);
  });
});
