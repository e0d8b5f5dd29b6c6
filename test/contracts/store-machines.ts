import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { RETENTION } from '../../src/core/retention.js';
import type { Store, StoredMachine } from '../../src/ports.js';
import { anAudit, anEvent, aRow, T0 } from './store-records.js';

const aMachine = (more: Partial<StoredMachine> = {}): StoredMachine => ({
  v: 1,
  kind: 'rollout',
  id: 'r1',
  fleet: 'face-match',
  rev: 0,
  open: true,
  at: T0,
  state: { phase: 'plan', nodes: [], list: {} },
  ...more,
});
const quiet = { outbox: [], pager: [] };

export function machinesContract(store: () => Store): void {
  test('keeps a machine as it was, one step at a time', async () => {
    equal(await store().machine('rollout', 'r1'), null);
    equal(await store().saveMachine(aMachine(), quiet), 'stored');
    deepEqual(await store().machine('rollout', 'r1'), aMachine({ rev: 1 }));
    equal(await store().saveMachine(aMachine(), quiet), 'conflict');
    equal(await store().saveMachine(aMachine({ rev: 1, at: T0 + 1 }), quiet), 'stored');
    deepEqual(
      (await store().machines('rollout')).map((each) => [each.id, each.rev]),
      [['r1', 2]],
    );
    deepEqual(await store().machines('proposal'), []);
  });
  test('a step comes with its audit entry, messages and pages, or not at all', async () => {
    const step = { audit: anAudit(), outbox: [aRow()], pager: [anEvent()] };
    equal(await store().saveMachine(aMachine({ rev: 5 }), step), 'conflict');
    deepEqual([(await store().audit(9)).length, (await store().waiting()).length], [0, 0]);
    equal(await store().saveMachine(aMachine(), step), 'stored');
    deepEqual([(await store().audit(9)).length, (await store().waiting()).length], [1, 2]);
  });
  test('says what open machines hold of their fleet, and nothing once they are closed', async () => {
    const holding = (more: Partial<StoredMachine>) => aMachine({ holds: { surge: 2 }, ...more });
    await store().saveMachine(holding({}), quiet);
    await store().saveMachine(aMachine({ kind: 'proposal', id: 'p1' }), quiet);
    await store().saveMachine(holding({ kind: 'maintenance', fleet: 'ocr' }), quiet);
    deepEqual((await store().fleet('face-match')).holds, [{ kind: 'rollout', id: 'r1', surge: 2 }]);
    await store().saveMachine(holding({ rev: 1, open: false }), quiet);
    deepEqual((await store().fleet('face-match')).holds, []);
    equal((await store().fleet('ocr')).holds.length, 1);
  });
  test('refuses a step under a lease that somebody else has taken since', async () => {
    const lease = await store().lease('face-match', 'one', 60_000);
    await store().release(lease!);
    const newer = await store().lease('face-match', 'two', 60_000);
    equal(await store().saveMachine(aMachine(), { ...quiet, lease: lease! }), 'conflict');
    equal(await store().saveMachine(aMachine(), { ...quiet, lease: newer! }), 'stored');
  });
  test('keeps what is open and the newest of what is finished', async () => {
    await store().saveMachine(aMachine({ id: 'open', at: T0 - 1 }), quiet);
    const many = RETENTION.closedMachines + 5;
    for (let index = 0; index < many; index += 1) {
      await store().saveMachine(aMachine({ id: `r${index}`, at: T0 + index, open: false }), quiet);
    }
    const kept = await store().machines('rollout');
    equal(kept.length, RETENTION.closedMachines + 1);
    equal(kept[0]?.id, `r${many - 1}`);
    equal(kept.at(-1)?.id, 'open');
    equal(await store().machine('rollout', 'r0'), null);
  });
}
