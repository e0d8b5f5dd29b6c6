/** A freeze that comes while a maintenance looks at the world, or right before it acts, is heard. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { maintenance } from '../../jobs/maintenance.js';
import type { JobContext } from '../../src/app.js';
import { begun, type MaintenanceState, type Phase } from '../../src/core/maintenance/state.js';
import type { NodeSeen } from '../../src/core/model.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { aCommit, aDesired, aFreeze, anAudit, T0 } from '../contracts/store-records.js';
import { aFleet, someZones } from '../support/fleet.js';

const FLEET = 'face-match';
const HOUR = 3_600_000;
const aNode = (name: string, workers: number): NodeSeen => ({
  ...{
    id: `id-${name}`,
    name,
    zone: name.slice(0, 1),
    status: 'ready',
    eligible: true,
    workers,
    drain: null,
  },
});

/** Four workers on a1 and b1; a2 stands empty, and the maintenance of a1 is in this phase. */
async function scene(phase: Phase) {
  const store = createMemoryStore({ now: () => T0 });
  const fleet = aFleet(FLEET, { slotsPerNode: 2 });
  const did: string[] = [];
  const meanwhile = { reading: async () => {}, renewing: async () => {} };
  const nodes = [aNode('a1', 2), aNode('a2', 0), aNode('b1', 2)];
  const act = (what: string) => async (_target: unknown, node: string) => void did.push(`${what} ${node}`);
  const context = {
    ...{ pager: null, chat: null, fleets: [fleet], fleet: () => fleet },
    signal: new AbortController().signal,
    store: {
      ...store,
      renew: async (...given: Parameters<typeof store.renew>) => {
        await meanwhile.renewing();
        return store.renew(...given);
      },
    },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    clock: { now: () => T0, speed: 1, sleep: async () => {} },
    queue: { enqueue: async () => {} },
    meter: { peerFailed() {} },
    settings: { holder: 'me', leaseMs: 5_000, channel: '#ml-ops' },
    orchestrator: {
      zones: async () => someZones(),
      nodes: async () => {
        await meanwhile.reading();
        return nodes;
      },
      ...{ drain: act('drain'), cordon: act('cordon'), uncordon: act('uncordon') },
    },
    nodeGroups: {
      list: async () =>
        ['a', 'b'].map((zone) => {
          const names = nodes.filter((node) => node.zone === zone).map(({ name }) => name);
          const instances = names.map((name) => ({ name, status: 'running' }));
          return { zone, size: names.length, problem: null, instances };
        }),
    },
  } as unknown as JobContext;
  const placement = ['a', 'b'].map((zone) => ({ zone, workers: 2 }));
  await store.commitDecision(aCommit('d1', { desired: aDesired('d1', { placement, status: 'ready' }) }));
  const notice = { event: 'TERMINATE_ON_HOST_MAINTENANCE', deadlineAt: T0 + HOUR, wish: null };
  const state = { ...begun({ id: 'id-a1', name: 'a1', zone: 'a' }, notice, T0), phase };
  await store.saveMachine(
    { v: 1, kind: 'maintenance', id: 'm1', fleet: FLEET, rev: 0, open: true, at: T0, state },
    { outbox: [], pager: [] },
  );
  return {
    ...{ did, meanwhile },
    freeze: () => store.setFreeze(aFreeze('f1', { until: T0 + HOUR }), anAudit('freeze'), [], []),
    run: () => maintenance.run({ v: 1, fleet: FLEET }, context),
    phase: async () => ((await store.machine('maintenance', 'm1'))!.state as MaintenanceState).phase,
  };
}

test('what nobody needs any more is given back', async () => {
  const { run, did } = await scene('shrinking');
  await run();
  deepEqual(did, ['drain id-a2']);
});

test('a freeze that comes at any look before the node is drained keeps it', async () => {
  // The lease is renewed before the step is stored, before the action, and before its one act on a node.
  for (const last of [1, 2, 3]) {
    const { run, did, meanwhile, freeze } = await scene('shrinking');
    let renewals = 0;
    meanwhile.renewing = async () => {
      renewals += 1;
      if (renewals === last) await freeze();
    };
    await run();
    deepEqual(did, [], `at renewal ${last}`);
    equal(renewals >= last, true);
  }
});

test('a freeze that comes while the world is read keeps the maintenance from beginning', async () => {
  const { run, did, meanwhile, freeze, phase } = await scene('waiting');
  meanwhile.reading = async () => void (await freeze());
  await run();
  deepEqual([did, await phase()], [[], 'waiting']);
});
