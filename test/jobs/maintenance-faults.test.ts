/** One step of the job over a world that is odd or silent: what it does to which node, and whom it asks. */
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { maintenance } from '../../jobs/maintenance.js';
import type { JobContext } from '../../src/app.js';
import { begun, type MaintenanceState } from '../../src/core/maintenance/state.js';
import type { NodeSeen } from '../../src/core/model.js';
import { OutsideError } from '../../src/errors.js';
import { createMemoryStore } from '../../src/simulation/memory-store.js';
import { aCommit, aDesired, aFreeze, anAudit, T0 } from '../contracts/store-records.js';
import { aFleet, someZones } from '../support/fleet.js';

const FLEET = 'face-match';
const MINUTE = 60_000;
const aNode = (name: string, workers: number, more: Partial<NodeSeen> = {}): NodeSeen => ({
  ...{
    id: `id-${name}`,
    name,
    zone: name.slice(0, 1),
    status: 'ready',
    eligible: true,
    workers,
    drain: null,
  },
  ...more,
});
const stopped = {
  status: 'leaving',
  eligible: false,
  drain: { decisionId: 'maintenance-m1', done: true },
} as const;

interface Scene {
  machines: [id: string, node: string, more: Partial<MaintenanceState>][];
  nodes: NodeSeen[];
  mode?: 'act' | 'advise';
  frozen?: boolean;
  /** Calls that the peer refuses. */
  refuses?: (call: string) => boolean;
}

const refused = (call: string) =>
  new OutsideError('gce', call, 'HTTP 403', { class: 'human', why: 'refused' });

/** What a run does to the nodes, and the phase of each maintenance after it. */
async function aRun({ machines, nodes, mode = 'act', frozen = false, refuses = () => false }: Scene) {
  const store = createMemoryStore({ now: () => T0 });
  const fleet = aFleet(FLEET, { slotsPerNode: 2, mode });
  const did: string[] = [];
  const ask = (call: string) => {
    if (refuses(call)) throw refused(call);
  };
  const doing = (call: string): void => {
    ask(call);
    did.push(call);
  };
  const act = (what: string) => async (_target: unknown, node: string) => doing(`${what} ${node}`);
  const names = [...new Set(nodes.map(({ name }) => name))];
  const context = {
    ...{ pager: null, chat: null, fleets: [fleet], fleet: () => fleet, store },
    signal: new AbortController().signal,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    clock: { now: () => T0, speed: 1, sleep: async () => {} },
    queue: { enqueue: async () => {} },
    meter: { peerFailed() {} },
    settings: { holder: 'me', leaseMs: 5_000, channel: '#ml-ops' },
    orchestrator: {
      zones: async () => someZones(),
      nodes: async () => {
        ask('nodes');
        return nodes;
      },
      ...{ drain: act('drain'), cordon: act('cordon'), uncordon: act('uncordon') },
    },
    nodeGroups: {
      list: async () => {
        ask('list');
        return ['a', 'b'].map((zone) => {
          const own = names.filter((name) => name.startsWith(zone));
          const instances = own.map((name) => ({ name, status: 'running' }));
          return { zone, size: own.length, problem: null, instances };
        });
      },
      remove: async (_target: unknown, _zone: string, gone: string[]) => doing(`remove ${gone}`),
      grow: async (_target: unknown, zone: string, size: number) => doing(`grow ${zone} ${size}`),
    },
  } as unknown as JobContext;
  const placement = ['a', 'b'].map((zone) => ({ zone, workers: 2 }));
  await store.commitDecision(aCommit('d1', { desired: aDesired('d1', { placement, status: 'ready' }) }));
  if (frozen) await store.setFreeze(aFreeze('f1', { until: T0 + 60 * MINUTE }), anAudit('freeze'), [], []);
  const notice = { event: 'TERMINATE_ON_HOST_MAINTENANCE', deadlineAt: T0 + 60 * MINUTE, wish: null };
  for (const [id, name, more] of machines) {
    const node = { id: `id-${name}`, name, zone: name.slice(0, 1) };
    const state = { ...begun(node, notice, T0), workers: 2, groupSize: 2, ...more };
    const machine = {
      v: 1,
      kind: 'maintenance',
      id,
      fleet: FLEET,
      rev: 0,
      open: true,
      at: T0,
      state,
    } as const;
    await store.saveMachine(machine, { outbox: [], pager: [] });
  }
  await maintenance.run({ v: 1, fleet: FLEET }, context);
  const after = (await store.machines('maintenance')).map(({ id, state }) => {
    const { phase, asked } = state as MaintenanceState;
    return `${id} ${phase}${asked === null ? '' : `, asks ${asked.why}`}`;
  });
  return { did, after: after.sort() };
}

test('a VM that the cloud made anew under its old name is kept, though its old node is down for an hour', async () => {
  const nodes = [aNode('a1', 0, stopped), aNode('a1', 2, { id: 'id-new' }), aNode('a2', 0), aNode('b1', 2)];
  const past = { deadlineAt: T0 - 61 * MINUTE, wentDown: true };
  for (const phase of ['away', 'checking', 'replacing'] as const) {
    const state = { phase, phaseAt: T0 - 70 * MINUTE, ...past };
    deepEqual(await aRun({ machines: [['m1', 'a1', state]], nodes }), { did: [], after: ['m1 checking'] });
  }
});

test('neither advise mode nor a freeze lets a VM be fenced or deleted', async () => {
  const nodes = [aNode('a1', 0, { status: 'down' }), aNode('b1', 2)];
  const past = { deadlineAt: T0 - 61 * MINUTE, phaseAt: T0 - 61 * MINUTE };
  const rows = [
    ['waiting', { deadlineAt: T0 }, 'm1 waiting'],
    ['replacing', past, 'm1 replacing, asks not-replaced'],
    ['away', past, 'm1 away, asks never-returned'],
  ] as const;
  for (const forbidden of [{ mode: 'advise' }, { frozen: true }] as const)
    for (const [phase, more, after] of rows) {
      const run = await aRun({ machines: [['m1', 'a1', { phase, ...more }]], nodes, ...forbidden });
      deepEqual(run, { did: [], after: [after] });
    }
});

const lastMoment = { phase: 'surging', phaseAt: T0 - 50 * MINUTE, deadlineAt: T0 + 5 * MINUTE } as const;
const fenced = aNode('b1', 2, { eligible: false });

test('a VM that cannot be deleted keeps no other node from leaving in time', async () => {
  const replacing = { phase: 'replacing', deadlineAt: T0 - 61 * MINUTE } as const;
  const run = await aRun({
    machines: [
      ['m1', 'a1', replacing],
      ['m2', 'b1', lastMoment],
    ],
    nodes: [aNode('a1', 0, { status: 'down' }), fenced],
    refuses: (call) => call.startsWith('remove'),
  });
  deepEqual(run, { did: ['drain id-b1'], after: ['m1 replacing', 'm2 draining'] });
});

test('a cloud that does not answer keeps no node from leaving in time', async () => {
  const run = await aRun({
    machines: [['m1', 'b1', lastMoment]],
    nodes: [aNode('a1', 2), fenced],
    refuses: (call) => call === 'list',
  });
  deepEqual(run, { did: ['drain id-b1'], after: ['m1 draining'] });
});

test('a person is asked when nodes cannot be read near the hour of one, or its drain fails again and again', async () => {
  const state = { ...lastMoment, hindered: { since: T0 - 2 * MINUTE, detail: 'nomad: timeout' } };
  for (const [call, after] of [
    ['nodes', 'm1 surging, asks hindered'],
    ['drain id-b1', 'm1 draining, asks hindered'],
  ]) {
    const scene = { machines: [['m1', 'b1', state]] as Scene['machines'], nodes: [aNode('a1', 2), fenced] };
    const run = await aRun({ ...scene, refuses: (each) => each === call });
    deepEqual(run, { did: [], after: [after] });
  }
});

test('nobody is asked any more once it works again', async () => {
  const asked = { why: 'hindered', detail: 'nomad: timeout', by: T0 + 5 * MINUTE, at: T0 } as const;
  const state = { ...lastMoment, asked, hindered: { since: T0 - 2 * MINUTE, detail: 'nomad: timeout' } };
  const run = await aRun({ machines: [['m1', 'b1', state]], nodes: [aNode('a1', 2), fenced] });
  deepEqual(run, { did: ['drain id-b1'], after: ['m1 draining'] });
});
